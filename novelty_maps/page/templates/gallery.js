// Every test image: the card that a point or a tile opens, and the sorted list.
"use strict";

const TILES = 48; // at first, and more at a time
const MARKS = { normal: "●", novel: "▲" };
const ORDERS = {
  score: (a, b) => b.score - a.score,
  "score-up": (a, b) => a.score - b.score,
  agreement: (a, b) => a.agreement - b.agreement || b.score - a.score,
  "agreement-down": (a, b) => b.agreement - a.agreement || b.score - a.score,
  distance: (a, b) => b.distance - a.distance || b.score - a.score,
};

const rounded = (value, digits = 3) => (value === null ? "undefined" : String(Number(value.toPrecision(digits))));
const describe = (row) =>
  `image ${row.row}, class ${row.name}, ${row.kind}, score ${rounded(row.score)}, agreement ${row.agreement}`;

class Gallery {
  constructor(images, sheets) {
    Object.assign(this, { ...images, sheets, chosen: null, count: TILES });
    this.places = new Map(images.rows.map((row, place) => [row.row, place]));
    for (const id of ["sort", "kind", "shown"]) find(id).addEventListener("change", () => this.list());
    find("more").addEventListener("click", () => { this.count += TILES; this.list(); });
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.hide(); });
    this.list();
  }

  // One of the pictures of an image, or the top K of both maps over its input.
  picture(canvas, name, place) {
    if (name !== "top") return draw(canvas, this.sheets[name], place, 2);
    const sheet = this.sheets.input;
    const scale = Math.max(4, Math.ceil(168 / sheet.side));
    const context = draw(canvas, sheet, place, scale);
    context.fillStyle = "rgb(255 255 255 / 55%)";
    context.fillRect(0, 0, canvas.width, canvas.height);
    const step = canvas.width / this.width;
    const at = (pixel) => [(pixel % this.width) * step, Math.floor(pixel / this.width) * step];
    Object.assign(context, { lineWidth: Math.max(1.5, step / 4), strokeStyle: "#d55e00" });
    for (const [x, y] of this.top.reconstruction_error[place].map(at)) context.strokeRect(x, y, step, step);
    context.strokeStyle = "#0072b2";
    context.beginPath();
    for (const [x, y] of this.top.saliency[place].map(at)) {
      context.moveTo(x, y);
      context.lineTo(x + step, y + step);
      context.moveTo(x + step, y);
      context.lineTo(x, y + step);
    }
    context.stroke();
    return context;
  }

  // The card of an image beside a box of the window.
  show(number, box) {
    const place = this.places.get(number);
    const row = this.rows[place];
    const names = { input: "input", reconstruction: "reconstruction", reconstruction_error: "error", saliency: "saliency", top: `top ${this.k}: □ error × saliency` };
    const maps = element("div", { className: "card-maps" });
    for (const [name, label] of Object.entries(names)) {
      const canvas = element("canvas");
      canvas.dataset.picture = name;
      this.picture(canvas, name, place);
      maps.append(element("div", {}, canvas, label));
    }
    const numbers = element("p");
    numbers.innerHTML = `score <b>${rounded(row.score)}</b>, rank ${row.rank} · agreement <b>${row.agreement}</b> of ${this.k} · farthest salient pixel <b>${rounded(row.distance)}</b> px · indirect share <b>${rounded(row.indirect)}</b>`;
    const head = element("h3", {}, `Image ${row.row} · class ${row.name} · `, element("b", { textContent: `${MARKS[row.kind]} ${row.kind}` }));
    const card = find("card");
    card.replaceChildren(head, maps, numbers);
    card.className = row.kind;
    card.dataset.row = row.row;
    card.hidden = false;
    const room = document.documentElement.clientWidth - card.offsetWidth - 8;
    const below = box.bottom + card.offsetHeight + 14 < innerHeight;
    card.style.left = `${Math.max(8, Math.min(room, box.left + 14)) + scrollX}px`;
    card.style.top = `${(below ? box.bottom + 12 : Math.max(4, box.top - card.offsetHeight - 12)) + scrollY}px`;
  }

  hide() {
    find("card").hidden = true;
  }

  // List the images that pass, null for all.
  select(chosen) {
    Object.assign(this, { chosen, count: TILES });
    this.list();
  }

  list() {
    const [order, kind, shown] = ["sort", "kind", "shown"].map((id) => find(id).value);
    const rows = this.rows
      .filter((row) => (!this.chosen || this.chosen(row)) && (!kind || row.kind === kind))
      .sort((a, b) => ORDERS[order](a, b) || a.row - b.row);
    const of = (name) => `${MARKS[name]} ${rows.filter((row) => row.kind === name).length} ${name}`;
    find("selected").textContent = `${this.chosen ? "Selected" : "All"}: ${rows.length} images, ${of("normal")}, ${of("novel")}`;
    find("clear").hidden = !this.chosen;
    find("more").hidden = rows.length <= this.count;
    const measure = order.split("-")[0];
    find("gallery").replaceChildren(...rows.slice(0, this.count).map((row) => this.tile(row, shown, measure)));
  }

  tile(row, shown, measure) {
    const canvas = element("canvas");
    this.picture(canvas, shown, this.places.get(row.row));
    const says = element("span", {}, `${MARKS[row.kind]} ${row.name}`, element("span", { textContent: rounded(row[measure], 2) }));
    const tile = element("button", { type: "button", className: `tile ${row.kind}`, ariaLabel: describe(row) }, canvas, says);
    tile.dataset.row = row.row;
    const show = () => this.show(row.row, tile.getBoundingClientRect());
    for (const event of ["mouseenter", "focus", "click"]) tile.addEventListener(event, show);
    for (const event of ["mouseleave", "blur"]) tile.addEventListener(event, () => this.hide());
    return tile;
  }
}

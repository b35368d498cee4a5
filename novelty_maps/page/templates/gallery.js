// Every image: the card that a point or a tile opens, and the sorted list.
"use strict";

const TILES = 48; // at first, and more at a time
const MARKS = { normal: "●", novel: "▲" };

const rounded = (value, digits = 3) => (value === null ? "undefined" : String(Number(value.toPrecision(digits))));
const read = 2; // numbers that a tile says to those who do not see it

class Gallery {
  constructor(images, sheets) {
    Object.assign(this, { ...images, sheets, chosen: null, count: TILES });
    this.places = new Map(images.rows.map((row, place) => [row.row, place]));
    for (const id of ["sort", "kind", "shown"]) find(id).addEventListener("change", () => this.list());
    find("more").addEventListener("click", () => { this.count += TILES; this.list(); });
    find("ranges").addEventListener("input", () => this.ranged());
    document.addEventListener("keydown", (event) => { if (event.key === "Escape") this.hide(); });
    this.list();
  }

  // One of the pictures of an image, or the top K of both maps over its input.
  picture(canvas, name, place) {
    if (name === "top") topOfBoth(canvas, this.sheets.input, this.top, this.width, place);
    else draw(canvas, this.sheets[name], place, 2);
  }

  // An image in words.
  says(row) {
    const numbers = this.numbers.slice(0, read).map(([column, label]) => `${label} ${rounded(row[column])}`);
    return [`image ${row.row}`, `${this.noun} ${row.name}`.trim(), this.kinds[row.kind], ...numbers].join(", ");
  }

  // The card of an image beside a box of the window.
  show(number, box) {
    const place = this.places.get(number);
    const row = this.rows[place];
    const maps = element("div", { className: "card-maps" });
    maps.style.setProperty("--count", this.pictures.length);
    for (const [name, label] of this.pictures) {
      const canvas = element("canvas");
      canvas.dataset.picture = name;
      this.picture(canvas, name, place);
      maps.append(element("div", {}, canvas, label));
    }
    const numbers = element("p");
    for (const [place, [column, label, unit]] of this.numbers.entries()) {
      numbers.append(`${place ? " · " : ""}${label} `, element("b", { textContent: rounded(row[column]) }), unit && ` ${unit}`);
    }
    const kind = element("b", { textContent: `${MARKS[row.kind]} ${this.kinds[row.kind]}` });
    const head = element("h3", {}, `Image ${row.row} · ${this.noun} ${row.name} · `, kind);
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

  // List those between the ends that are given, which is what dragging does without a mouse.
  ranged() {
    const ends = [...find("ranges").children].map((set) => [set.dataset.column, ...[...set.querySelectorAll("input")].map((input) => input.valueAsNumber)]);
    const inside = (row) => ends.every(([column, low, high]) => !(row[column] < low || row[column] > high));
    this.select(ends.some(([, low, high]) => low === low || high === high) ? inside : null);
  }

  // Forget the ends.
  unranged() {
    for (const input of find("ranges").querySelectorAll("input")) input.value = "";
  }

  // List the images that pass, null for all.
  select(chosen) {
    Object.assign(this, { chosen, count: TILES });
    this.list();
  }

  list() {
    const [order, kind, shown] = ["sort", "kind", "shown"].map((id) => find(id).value);
    const [, , measure, direction] = this.orders.find(([value]) => value === order);
    const rows = this.rows
      .filter((row) => (!this.chosen || this.chosen(row)) && (!kind || row.kind === kind))
      .sort((a, b) => direction * (a[measure] - b[measure]) || b.score - a.score || a.row - b.row);
    const of = (name) => `${MARKS[name]} ${rows.filter((row) => row.kind === name).length} ${this.kinds[name]}`;
    find("selected").textContent = [`${this.chosen ? "Selected" : "All"}: ${rows.length} images`, ...Object.keys(this.kinds).map(of)].join(", ");
    find("clear").hidden = !this.chosen;
    find("more").hidden = rows.length <= this.count;
    find("gallery").replaceChildren(...rows.slice(0, this.count).map((row) => this.tile(row, shown, measure)));
  }

  tile(row, shown, measure) {
    const canvas = element("canvas");
    this.picture(canvas, shown, this.places.get(row.row));
    const name = element("span", { className: "name", textContent: `${MARKS[row.kind]} ${row.name}` });
    const says = element("span", {}, name, element("span", { textContent: rounded(row[measure], 2) }));
    const tile = element("button", { type: "button", className: `tile ${row.kind}`, ariaLabel: this.says(row) }, canvas, says);
    tile.dataset.row = row.row;
    const show = () => this.show(row.row, tile.getBoundingClientRect());
    for (const event of ["mouseenter", "focus", "click"]) tile.addEventListener(event, show);
    for (const event of ["mouseleave", "blur"]) tile.addEventListener(event, () => this.hide());
    return tile;
  }
}

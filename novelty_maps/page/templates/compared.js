// The same image under several runs.
"use strict";

class Compared {
  constructor(compared, runs, sheets) {
    Object.assign(this, { ...compared, runs, sheets });
    this.tiles = this.rows.map((row, place) => this.tile(row, place));
    find("compared-sort").addEventListener("change", () => this.list());
    this.list();
  }

  // The images in order; the first is shown.
  list() {
    const order = find("compared-sort").value;
    const value = (place) => this.rows[place][order] ?? -Infinity;
    const places = this.rows.map((_, place) => place);
    if (order !== "row") places.sort((a, b) => value(b) - value(a) || a - b);
    find("compared-list").replaceChildren(...places.map((place) => this.tiles[place]));
    this.show(places[0]);
  }

  tile(row, place) {
    const canvas = element("canvas");
    draw(canvas, this.sheets.input, place, 2);
    const says = element("span", { textContent: `${MARKS[row.kind]} ${row.name}` });
    const tile = element("button", { type: "button", className: `tile ${row.kind}`, ariaLabel: this.says(row) }, canvas, says);
    tile.dataset.row = row.row;
    tile.addEventListener("click", () => this.show(place));
    return tile;
  }

  says(row) {
    return `image ${row.row}, ${row.name}, ${row.kind}`;
  }

  show(place) {
    const row = this.rows[place];
    this.tiles.forEach((tile, at) => { tile.ariaPressed = String(at === place); });
    find("compared-name").textContent = `Image ${row.row} · ${row.name} · ${MARKS[row.kind]} ${row.kind}`;
    this.picture(find("compared-input"), this.sheets.input, place, this.says(row));
    find("compared-runs").replaceChildren(...this.runs.map((run) => this.run(run, place)));
  }

  run(run, place) {
    const pictures = element("div", { className: "card-maps" });
    pictures.style.setProperty("--count", this.pictures.length);
    for (const [name, label] of this.pictures) {
      const canvas = element("canvas");
      canvas.dataset.picture = name;
      if (name === "top") topOfBoth(canvas, this.sheets.input, run.top, run.width, place);
      else this.picture(canvas, run.sheets[name], place, `${label} of ${run.name}`);
      pictures.append(element("div", {}, canvas, label));
    }
    const numbers = element("p");
    for (const [at, [column, label]] of this.measures.entries()) {
      numbers.append(`${at ? " · " : ""}${label} `, element("b", { textContent: rounded(run.numbers[place][column]) }));
    }
    const head = element("h3", {}, run.name, " ", element("small", { textContent: run.says }));
    const article = element("article", { className: "run" }, head, pictures, numbers);
    article.dataset.run = run.name;
    return article;
  }

  // A picture, with the novelty outlined where its place is known.
  picture(canvas, sheet, place, says) {
    const scale = Math.max(1, Math.round(168 / sheet.side));
    const context = draw(canvas, sheet, place, scale);
    Object.assign(canvas, { role: "img", ariaLabel: says });
    if (!this.sheets.mask) return;
    const novel = values(this.sheets.mask, place).map((value) => value > 127);
    const inside = (pixel) => novel[pixel] > 0;
    outline(context, this.sheets.mask.side, canvas.width / this.sheets.mask.side, inside, { strokeStyle: "#000", lineWidth: 4 });
    outline(context, this.sheets.mask.side, canvas.width / this.sheets.mask.side, inside, { strokeStyle: "#fff", lineWidth: 2 });
  }
}

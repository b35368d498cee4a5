// Images with a novelty: two maps side by side, and what each marks above a threshold.
"use strict";

const PANEL = 336; // pixels a side of a large picture, about

class Novelties {
  constructor(novelties, sheets, maps) {
    Object.assign(this, { ...novelties, sheets, maps, current: 0, tiles: new Map() });
    this.places = new Map(this.rows.map((row, place) => [row.row, place]));
    this.scale = Math.max(1, Math.round(PANEL / sheets.after.side));
    for (const kind of new Set(this.rows.map((row) => row.kind))) {
      find("novelty-kind").append(element("option", { value: kind, textContent: kind.replaceAll("_", " ") }));
    }
    for (const [side, first] of [["left", ["absolute_error", "reconstruction_error"]], ["right", ["saliency"]]]) {
      const select = find(`${side}-map`);
      select.append(...maps.map((map, place) => element("option", { value: place, textContent: map.label })));
      const known = first.map((name) => maps.findIndex((map) => map.name === name)).filter((place) => place >= 0);
      select.value = known[0] ?? (side === "left" ? 0 : maps.length - 1);
      select.addEventListener("change", () => { this.list(); this.show(); });
    }
    const threshold = find("threshold");
    this.steps = maps[0].values.length;
    threshold.max = this.steps - 1;
    threshold.value = Math.round(this.steps * (1 - Math.sqrt(this.share))); // as many pixels as are novel
    threshold.addEventListener("input", () => this.show());
    for (const id of ["novelty-kind", "novelty-sort"]) find(id).addEventListener("change", () => this.list(true));
    this.list(true);
  }

  // The images in order; the first is shown where another order was asked for.
  list(afresh = false) {
    const kind = find("novelty-kind").value;
    const order = find("novelty-sort").value;
    const name = order === "row" ? null : this.map(order).name;
    const rows = this.rows
      .filter((row) => !kind || row.kind === kind)
      .sort((a, b) => (name ? (a.found[name] ?? 2) - (b.found[name] ?? 2) : 0) || a.row - b.row);
    if (afresh) this.current = (name ? rows[0] : this.clearest(rows)).row;
    find("novelty-list").replaceChildren(...rows.map((row) => this.tile(row, name)));
    this.show();
  }

  // The first image of the strongest and largest novelties.
  clearest(rows) {
    const size = (row) => 1000 * (row.intensity ?? 0) + (row.size ?? 0);
    return rows.reduce((best, row) => (size(row) > size(best) ? row : best));
  }

  map(side) {
    return this.maps[find(`${side}-map`).value];
  }

  // The tile of an image, made once, with what it says in this order.
  tile(row, name) {
    if (!this.tiles.has(row.row)) this.tiles.set(row.row, this.made(row));
    const tile = this.tiles.get(row.row);
    const says = name ? `AP ${rounded(row.found[name], 2)}` : row.kind.replaceAll("_", " ");
    tile.ariaLabel = `image ${row.row}, ${says}`;
    tile.lastChild.textContent = says;
    return tile;
  }

  made(row) {
    const canvas = element("canvas");
    draw(canvas, this.sheets.after, this.places.get(row.row), 2);
    const tile = element("button", { type: "button", className: "tile novel", title: row.kind }, canvas, element("span"));
    tile.dataset.row = row.row;
    tile.addEventListener("click", () => { this.current = row.row; this.show(); });
    return tile;
  }

  show() {
    const place = this.places.get(this.current);
    const row = this.rows[place];
    const step = Number(find("threshold").value);
    const novel = values(this.sheets.mask, place).map((value) => value > 127);
    const strength = row.size === null ? "the data set’s own" : `size ${row.size}, intensity ${row.intensity}`;
    find("novelty-name").textContent = `Image ${row.row}: ${row.kind.replaceAll("_", " ")}, ${strength}`;
    for (const tile of find("novelty-list").children) tile.ariaPressed = String(Number(tile.dataset.row) === row.row);
    find("threshold-says").textContent = `the highest ${rounded(100 * (1 - step / this.steps) ** 2, 2)}% of all pixels`;
    const context = draw(find("novelty-image"), this.sheets.after, place, this.scale);
    find("novelty-image").ariaLabel = `image ${row.row} with its novelty outlined`;
    this.border(context, novel);
    for (const side of ["left", "right"]) this.panel(side, row, novel, step);
  }

  // White over black, to be seen on any ground.
  border(context, novel) {
    const side = this.sheets.mask.side;
    const inside = (pixel) => novel[pixel] > 0;
    outline(context, side, this.scale, inside, { strokeStyle: "#000", lineWidth: 5 });
    outline(context, side, this.scale, inside, { strokeStyle: "#fff", lineWidth: 2.5 });
  }

  panel(side, row, novel, step) {
    const map = this.map(side);
    const steps = values(map.sheet, this.places.get(row.row));
    const canvas = find(`novelty-${side}`);
    const marked = steps.map((value) => value >= step);
    const context = this.coloured(canvas, map, steps);
    context.fillStyle = "rgb(0 220 255 / 55%)";
    marked.forEach((is, pixel) => { if (is) context.fillRect((pixel % map.sheet.side) * this.scale, Math.floor(pixel / map.sheet.side) * this.scale, this.scale, this.scale); });
    this.border(context, novel);
    const count = (which) => which.reduce((sum, is) => sum + is, 0);
    const [all, of, both] = [count(marked), count(novel), count(marked.map((is, pixel) => is && novel[pixel]))];
    const share = (part, whole) => (whole ? `${Math.round((100 * part) / whole)}%` : "none");
    const says = `finds ${share(both, of)} of the novelty; ${share(both, all)} of what it marks (${all} px) is novel; average precision ${rounded(row.found[map.name])}`;
    find(`${side}-says`).textContent = says;
    canvas.ariaLabel = `${map.label}: ${says}`;
    canvas.dataset.marked = all;
  }

  // A map in colours that end at its own highest value.
  coloured(canvas, map, steps) {
    const side = map.sheet.side;
    const lowest = Math.min(0, map.values[0]);
    const highest = map.values[steps.reduce((most, step) => Math.max(most, step))];
    const small = element("canvas", { width: side, height: side });
    const pixels = new ImageData(side, side);
    steps.forEach((value, pixel) => {
      const share = highest > lowest ? (map.values[value] - lowest) / (highest - lowest) : 0;
      pixels.data.set([...this.palette[Math.round(255 * share)], 255], 4 * pixel);
    });
    small.getContext("2d").putImageData(pixels, 0, 0);
    return draw(canvas, { image: small, side, columns: 1 }, 0, this.scale);
  }
}

// Charts, tables and what links them; the page is ready when its body says so.
"use strict";

const CONFIG = {
  background: "transparent",
  font: "system-ui, sans-serif",
  view: { stroke: null },
  axis: { labelColor: "var(--muted)", titleColor: "var(--text)", gridColor: "var(--line)", domainColor: "var(--line)", tickColor: "var(--line)", labelFontSize: 12, titleFontSize: 13, titleFontWeight: 500, titlePadding: 10 },
  legend: { labelColor: "var(--text)", titleColor: "var(--muted)", labelFontSize: 12, titleFontWeight: 500, symbolSize: 90 },
};

const LONG = 20; // rows of a table at a time

async function chart(place, gallery) {
  const name = place.dataset.chart;
  const specification = DATA.charts[name];
  const datasets = { ...specification.datasets, ...DATA.rows, images: DATA.images?.rows ?? [] };
  const tooltip = (handler, event, item, value) => {
    if (value === null || value === undefined || value === "") gallery.hide();
    else gallery.show(item.datum.row, new DOMRect(event.clientX, event.clientY, 0, 0));
  };
  const options = { renderer: "svg", actions: false, config: CONFIG, ...(name === "images" ? { tooltip } : {}) };
  const { view } = await vegaEmbed(place, { ...specification, datasets }, options);
  if (name === "images") brushed(view, gallery);
}

// What is dragged over is listed, or what lies between the ends that are given.
function brushed(view, gallery) {
  const wiped = () => view.signal("brush_x", [0, 0]).signal("brush_y", [0, 0]).run();
  view.addSignalListener("brush", (_, areas) => {
    const ends = Object.entries(areas).map(([field, [a, b]]) => [field, Math.min(a, b), Math.max(a, b)]);
    const inside = (row) => ends.every(([field, low, high]) => row[field] >= low && row[field] <= high);
    if (!ends.length) return gallery.ranged();
    gallery.unranged();
    gallery.select(inside);
  });
  find("ranges").addEventListener("input", wiped);
  find("clear").addEventListener("click", () => {
    gallery.unranged();
    wiped();
    gallery.select(null);
  });
}

// Numbers in order, rising or falling; what is undefined comes last in both.
function numeric(sign) {
  return (a, b) => Number.isNaN(Number(a)) - Number.isNaN(Number(b)) || sign * (a - b) || 0;
}

async function sortable() {
  const url = URL.createObjectURL(new Blob([find("sorting").textContent], { type: "text/javascript" }));
  const { default: DataTable } = await import(url);
  Object.assign(DataTable.ext.type.order, { "known-asc": numeric(1), "known-desc": numeric(-1) });
  for (const table of document.querySelectorAll(".table table")) {
    const cells = [...(table.tBodies[0].rows[0]?.cells ?? [])];
    const targets = cells.flatMap((cell, place) => (cell.dataset.order ? [place] : []));
    const long = table.tBodies[0].rows.length > LONG;
    new DataTable(table, { paging: long, pageLength: LONG, lengthChange: false, info: false, order: [], columnDefs: [{ type: "known", targets }] });
  }
}

// Every sheet of a mapping, decoded.
async function decoded(sheets) {
  const names = Object.keys(sheets);
  const all = await Promise.all(Object.values(sheets).map(loaded));
  return Object.fromEntries(names.map((name, place) => [name, all[place]]));
}

async function start() {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => document.documentElement.classList.toggle("dark", dark.matches);
  dark.addEventListener("change", follow);
  follow();
  const { images, novelties, compared } = DATA;
  const gallery = images && new Gallery(images, await decoded(images.sheets));
  if (novelties) {
    const maps = await Promise.all(novelties.maps.map(async (map) => ({ ...map, sheet: await loaded(map.sheet) })));
    new Novelties(novelties, await decoded(novelties.sheets), maps);
  }
  if (compared) new Compared(compared, await Promise.all(compared.runs.map(async (run) => ({ ...run, sheets: await decoded(run.sheets) }))), await decoded(compared.sheets));
  await Promise.all([...document.querySelectorAll(".chart")].map((place) => chart(place, gallery)));
  await sortable();
  document.body.dataset.ready = "yes";
}

start();

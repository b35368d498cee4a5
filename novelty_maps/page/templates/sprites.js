// Pictures of sprite sheets on canvases.
"use strict";

const DATA = JSON.parse(document.getElementById("data").textContent);
const find = (id) => document.getElementById(id);

// An element with properties and children.
function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

// A sheet becomes one with its decoded image.
async function loaded(sheet) {
  const image = new Image();
  image.src = sheet.uri;
  await image.decode();
  return { ...sheet, image };
}

// Where picture `place` begins in its sheet.
function corner(sheet, place) {
  return [place % sheet.columns, Math.floor(place / sheet.columns)].map((at) => at * sheet.side);
}

// Picture `place` of a sheet over a canvas, whose pixels are `scale` times as many a side.
function draw(canvas, sheet, place, scale = 1) {
  canvas.width = canvas.height = sheet.side * scale;
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(sheet.image, ...corner(sheet, place), sheet.side, sheet.side, 0, 0, canvas.width, canvas.height);
  return context;
}

// The top K of both maps over picture `place` of a sheet; `width` pixels are a row of the maps.
function topOfBoth(canvas, sheet, top, width, place) {
  const scale = Math.max(4, Math.ceil(168 / sheet.side));
  const context = draw(canvas, sheet, place, scale);
  context.fillStyle = "rgb(255 255 255 / 55%)";
  context.fillRect(0, 0, canvas.width, canvas.height);
  const step = canvas.width / width;
  const at = (pixel) => [(pixel % width) * step, Math.floor(pixel / width) * step];
  Object.assign(context, { lineWidth: Math.max(1.5, step / 4), strokeStyle: "#d55e00" });
  for (const [x, y] of top.reconstruction_error[place].map(at)) context.strokeRect(x, y, step, step);
  context.strokeStyle = "#0072b2";
  context.beginPath();
  for (const [x, y] of top.saliency[place].map(at)) {
    context.moveTo(x, y);
    context.lineTo(x + step, y + step);
    context.moveTo(x + step, y);
    context.lineTo(x, y + step);
  }
  context.stroke();
}

// The grey values of picture `place` of a sheet.
function values(sheet, place) {
  const context = element("canvas", { width: sheet.side, height: sheet.side }).getContext("2d", { willReadFrequently: true });
  context.drawImage(sheet.image, ...corner(sheet, place), sheet.side, sheet.side, 0, 0, sheet.side, sheet.side);
  return context.getImageData(0, 0, sheet.side, sheet.side).data.filter((_, at) => at % 4 === 0);
}

// Lines between pixels inside and outside; `inside` says which of side² pixels are.
function outline(context, side, scale, inside, style) {
  const within = (row, column) => row >= 0 && row < side && column >= 0 && column < side && inside(row * side + column);
  context.beginPath();
  for (let row = 0; row <= side; row++) {
    for (let column = 0; column <= side; column++) {
      const here = within(row, column);
      if (here !== within(row - 1, column)) {
        context.moveTo(column * scale, row * scale);
        context.lineTo((column + 1) * scale, row * scale);
      }
      if (here !== within(row, column - 1)) {
        context.moveTo(column * scale, row * scale);
        context.lineTo(column * scale, (row + 1) * scale);
      }
    }
  }
  Object.assign(context, style);
  context.stroke();
}

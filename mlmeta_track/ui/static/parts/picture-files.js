// The picture for elsewhere: an SVG that needs no style sheet, a PNG, the clipboard, a file.

import { announce } from "../dom.js";

const KEPT = ["fill", "stroke", "stroke-width", "stroke-dasharray", "font-size", "font-family", "font-weight", "opacity"];

/** The picture as text, with the colours that it has on the page written into it. */
export function standaloneSvg(element) {
  const copy = element.cloneNode(true);
  const [originals, copies] = [element, copy].map((root) => [root, ...root.querySelectorAll("*")]);
  originals.forEach((original, i) => {
    const style = getComputedStyle(original);
    for (const name of KEPT) copies[i].setAttribute(name, style.getPropertyValue(name));
    for (const name of ["tabindex", "class", "role"]) copies[i].removeAttribute(name);
  });
  const { width, height } = element.viewBox.baseVal;
  copy.setAttribute("width", width);
  copy.setAttribute("height", height);
  const ground = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  ground.setAttribute("width", "100%");
  ground.setAttribute("height", "100%");
  ground.setAttribute("fill", getComputedStyle(document.body).backgroundColor);
  copy.prepend(ground);
  return new XMLSerializer().serializeToString(copy);
}

/** Draw an SVG text into a PNG, twice as fine as the screen. */
export async function toPng(svg, { width, height }) {
  const image = new Image();
  const address = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    image.src = address;
    await image.decode();
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [width * 2, height * 2];
    canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((done) => canvas.toBlob(done, "image/png"));
  } finally {
    URL.revokeObjectURL(address);
  }
}

/** Copy a text; where the browser does not allow it, save it as a file. */
export async function copyText(text, name, type) {
  try {
    await navigator.clipboard.writeText(text);
    announce("Copied");
  } catch {
    saveBlob(new Blob([text], { type }), name);
  }
}

export function saveBlob(blob, name) {
  const address = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
  announce(`Saved as ${name}`);
}

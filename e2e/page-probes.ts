/** Expressions to evaluate in a page: what a person would see, hear or miss in it. */

/** What is wider than the window, or reaches out of it; empty where the page fits. */
export const overflowing = `(() => {
  const width = document.documentElement.clientWidth;
  // What a box of its own scrolls is not the page's.
  const outside = [...document.body.querySelectorAll("*")].filter(
    (one) => !one.closest(".scroll > *") && one.getBoundingClientRect().right > width + 0.5);
  const found = outside.map((one) => one.outerHTML.slice(0, 80));
  return document.documentElement.scrollWidth > width ? ["the page", ...found] : found;
})()`;

/** The levels of the headings, in order. */
export const headings = `[...document.querySelectorAll("h1, h2, h3, h4, h5, h6")]
  .map((one) => Number(one.tagName.slice(1)))`;

/** Tables without a header on each column and row, and plots without words. */
export const missingHeaders = `[
  ...[...document.querySelectorAll("table")].filter((table) =>
    [...table.rows].some((row, i) => i === 0
      ? [...row.cells].some((cell) => cell.scope !== "col" || cell.textContent === "")
      : row.cells[0].scope !== "row")),
  ...[...document.querySelectorAll("svg")].filter((svg) =>
    svg.getAttribute("role") !== "img" || !/min .* max .* last/.test(svg.getAttribute("aria-label"))),
].map((one) => one.outerHTML.slice(0, 80))`;

/**
 * Every text whose contrast with what it stands on is below 4.5 (WCAG 2.2, 1.4.3). Backgrounds here
 * are opaque or fully transparent; anything else is reported, since it would need to be blended.
 */
export const contrasts = `(() => {
  const channels = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).slice(0, 3).map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const alpha = (color) => channels(color)[3] ?? 1;
  const background = (one) => {
    const color = getComputedStyle(one).backgroundColor;
    return alpha(color) === 0 && one.parentElement ? background(one.parentElement) : color;
  };
  const contrast = (one) => {
    const front = getComputedStyle(one).color;
    const back = background(one);
    if (alpha(front) !== 1 || alpha(back) !== 1) return 0;
    const [light, dark] = [luminance(front), luminance(back)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const hasText = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const texts = [...document.body.querySelectorAll("*")].filter(hasText);
  if (texts.length === 0) return ["no text at all"];
  return texts.filter((one) => contrast(one) < 4.5)
    .map((one) => one.className + " " + contrast(one).toFixed(2) + " " + one.textContent.slice(0, 40));
})()`;

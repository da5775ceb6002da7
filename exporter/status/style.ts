/** The status page's only style sheet, and the policy that lets in nothing but it. */

/** Colours have a contrast of 4.5 at least against what they stand on, in both schemes. */
const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #fff; --line: #d5dae0; --text: #1a1f26; --soft: #545d69; --link: #0b57b8;
  --good: #0f5f2c; --good-back: #dcf3e3; --good-line: #4aa869;
  --warn: #754600; --warn-back: #fdf0cd; --warn-line: #d99a1c;
  --bad: #a11024; --bad-back: #fde4e6; --bad-line: #d8344b;
  --plot: #2f6fd0; --gap: #e6e9ed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0e1217; --card: #161b22; --line: #2d353f; --text: #e3e8ee; --soft: #9ca7b4; --link: #7db4ff;
    --good: #74dd95; --good-back: #12301d; --good-line: #2f8f50;
    --warn: #f2c86b; --warn-back: #36290b; --warn-line: #b0801d;
    --bad: #ffa1a8; --bad-back: #44161c; --bad-line: #d64a5b;
    --plot: #6ea8ff; --gap: #252c35;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 1rem clamp(.75rem, 3vw, 2rem) 2rem; max-width: 66rem;
  background: var(--page); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.3rem; line-height: 1.3; }
h2 { margin: 0; font-size: 1.1rem; line-height: 1.4; }
p { margin: .35rem 0; }
ul { margin: .5rem 0; padding: 0; list-style: none; }
a { color: var(--link); }
bdi { white-space: pre-wrap; }
time { white-space: nowrap; }
header { margin-bottom: 1rem; }
section { margin: 1.5rem 0; scroll-margin-top: .5rem; }
.meta, figcaption, footer { color: var(--soft); font-size: .875rem; }
.pill {
  display: inline-block; padding: 0 .5em; border-radius: .3em; border: 1px solid currentColor;
  font-size: .75rem; font-weight: 700; line-height: 1.6; letter-spacing: .03em; vertical-align: .1em;
}
.pill.good { color: var(--good); background: var(--good-back); }
.pill.warn { color: var(--warn); background: var(--warn-back); }
.pill.bad { color: var(--bad); background: var(--bad-back); }
.outdated main .pill, .old .pill { color: var(--soft); background: none; }
.notice { padding: .5rem .75rem; border-radius: .4rem; border-left: 4px solid var(--line); background: var(--card); }
.notice.warn { color: var(--warn); background: var(--warn-back); border-color: var(--warn-line); }
.notice.bad { color: var(--bad); background: var(--bad-back); border-color: var(--bad-line); }
.summary {
  margin-top: 1rem; padding: .75rem 1rem; border-radius: .5rem; background: var(--card);
  border: 1px solid var(--line); border-top: 4px solid var(--good-line);
}
.summary.warn { border-top-color: var(--warn-line); }
.summary.bad { border-top-color: var(--bad-line); }
.summary.good h2 { color: var(--good); }
.summary.warn h2 { color: var(--warn); }
.summary.bad h2 { color: var(--bad); }
.lb {
  margin: .5rem 0; border: 1px solid var(--line); border-left: 4px solid var(--good-line);
  border-radius: .4rem; background: var(--card);
}
.lb.warn { border-left-color: var(--warn-line); }
.lb.bad { border-left-color: var(--bad-line); }
.outdated .summary { border-top-color: var(--line); }
.outdated .summary h2 { color: var(--text); }
.outdated .lb { border-left-color: var(--line); }
.lb.old { border-style: dashed; border-left-style: solid; border-left-color: var(--line); }
li.lb, summary {
  display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem .5rem; padding: .5rem .75rem;
}
li.lb > *, summary > * { min-width: 0; }
ul .lb { margin: .3rem 0; }
summary { cursor: pointer; border-radius: .4rem; }
summary::-webkit-details-marker { display: none; }
summary::before { content: "\\25b8" / ""; width: .75rem; color: var(--soft); }
details[open] > summary::before { content: "\\25be" / ""; }
summary:hover { background: var(--page); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.why { font-weight: 600; }
.bad .why { color: var(--bad); }
.warn .why { color: var(--warn); }
.load { margin-left: auto; color: var(--soft); font-size: .875rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
.inside { padding: 0 .5rem .5rem; }
.plots { display: grid; align-items: end; gap: .75rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); }
figure { margin: .35rem 0; }
figcaption { font-size: .8125rem; }
figcaption b { color: var(--text); }
svg { display: block; width: 100%; height: 3rem; margin-top: .25rem; border-bottom: 1px solid var(--line); }
path { fill: none; stroke: var(--plot); stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
rect { fill: var(--gap); }
.scroll { overflow-x: auto; }
table {
  width: 100%; margin-top: .5rem; border-collapse: collapse; font-size: .8125rem;
  font-variant-numeric: tabular-nums; overflow-wrap: normal;
}
th, td { padding: .3rem .2rem; border-top: 1px solid var(--line); text-align: right; vertical-align: top; font-weight: 400; }
thead th { border-top: 0; color: var(--soft); font-size: .6875rem; hyphens: manual; vertical-align: bottom; }
th:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
th:first-child { padding-left: 0; }
th:last-child, td:last-child { padding-right: 0; }
tbody th, td:nth-child(2) { unicode-bidi: plaintext; overflow-wrap: break-word; }
td:nth-child(2) { font-weight: 700; }
td.good { color: var(--good); }
td.warn { color: var(--warn); }
td.bad { color: var(--bad); }
footer { margin-top: 2rem; padding-top: .75rem; border-top: 1px solid var(--line); }
footer a { margin-right: 1rem; }
@media (min-width: 40rem) {
  li.lb, summary { padding: .5rem 1rem; }
  .inside { padding: 0 1rem 1rem; }
  table { font-size: .9rem; }
  thead th { font-size: .75rem; }
  th, td { padding: .3rem .75rem; }
}
`;

/** The style sheet as the page has it. */
export const STYLE_ELEMENT = `<style>${STYLE}</style>`;

/** The value of `Content-Security-Policy` to send with the page: this style, an inline icon, no scripts. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${new Bun.CryptoHasher("sha256").update(STYLE).digest("base64")}'`,
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The page's style sheet: plain, light or dark as the browser asks for. */
import { raw } from "hono/html";

export const STYLE = raw(`
:root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent);
  --soft: color-mix(in srgb, currentColor 6%, transparent); --accent: #2f6fde; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 66rem; padding: 1.5rem 1rem 4rem; font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.6rem; }
header p { margin: .2rem 0 0; }
h2 { margin: 2.2rem 0 .6rem; font-size: 1.15rem; }
h3 { margin: 1rem 0 .4rem; font-size: 1rem; }
p { margin: .4rem 0; }
small, .quiet { opacity: .75; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { padding: .7rem .9rem; background: var(--soft); border-radius: 6px; overflow-x: auto; margin: .4rem 0; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; }
td.number, th.number { text-align: right; padding-right: 1.6rem; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.scroll td { white-space: nowrap; }
details { margin-top: .7rem; }
details ul { margin: .4rem 0; padding-left: 1.2rem; }
.state { padding: .6rem .9rem; border-left: 4px solid #2c8a4b; background: var(--soft); border-radius: 0 6px 6px 0; margin-top: 1rem; }
.state.turned { border-color: #c77700; }
.buttons { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
button { font: inherit; padding: .35rem .8rem; border: 1px solid var(--line); border-radius: 6px; background: var(--soft); color: inherit; cursor: pointer; }
button:hover, button:focus-visible { border-color: var(--accent); }
button.main, .turned button:first-child { background: var(--accent); border-color: var(--accent); color: #fff; }
input, select { font: inherit; padding: .25rem .4rem; border: 1px solid var(--line); border-radius: 6px; background: transparent; color: inherit; width: 100%; }
option { color: initial; }
select option { color: CanvasText; background: Canvas; }
.buttons input { width: 11rem; }
.knobs { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .9rem 1.2rem; margin-bottom: 1rem; }
.knobs label { display: block; }
.knobs label span { font-weight: 600; }
.knobs label.changed span::after { content: " (changed)"; color: #c77700; font-weight: 400; }
.knobs small { display: block; line-height: 1.35; }
nav { margin: .2rem 0 .8rem; }
nav a { margin-right: .9rem; }
nav a[aria-current] { font-weight: 600; text-decoration: none; color: inherit; }
a { color: var(--accent); }
`);

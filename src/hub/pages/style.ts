// The look of the pages: one sheet, light and dark by the reader's own setting.

export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: light-dark(#fbfaf8, #14171c); --panel: light-dark(#ffffff, #1c2027); --line: light-dark(#dcd9d2, #353b46);
  --ink: light-dark(#1d2126, #e6e8ec); --soft: light-dark(#5a616c, #a3abb8); --link: light-dark(#0b57a4, #84bdff);
  --mark: light-dark(#0b57a4, #2b6cb0); --onmark: #ffffff; --code: light-dark(#f1efea, #262b34);
  --plus: light-dark(#176b35, #6fd08c); --minus: light-dark(#a02020, #ff9a94); --warn: light-dark(#fff4d6, #3b3214);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans KR", "Apple SD Gothic Neo", "Malgun Gothic", sans-serif;
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 3px; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -100vw; background: var(--panel); padding: .5rem 1rem; z-index: 2; }
.skip:focus { left: .5rem; top: .5rem; }
header.top { background: var(--panel); border-bottom: 1px solid var(--line); }
header.top > div, main, footer { max-width: 72rem; margin: 0 auto; padding: .75rem 1rem; }
header.top > div { display: flex; flex-wrap: wrap; gap: .5rem 1rem; align-items: center; }
.brand { font-weight: 700; font-size: 1.1rem; color: var(--ink); text-decoration: none; }
header form.find { flex: 1 1 14rem; display: flex; gap: .5rem; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0; padding: 0; align-items: center; }
footer { color: var(--soft); font-size: .875rem; border-top: 1px solid var(--line); margin-top: 2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .5rem 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; }
.soft { color: var(--soft); } .small { font-size: .875rem; }
input, select, textarea, button { font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: .4rem .6rem; max-width: 100%; }
input[type="search"] { flex: 1; min-width: 0; }
textarea { width: 100%; min-height: 16rem; font-family: ui-monospace, monospace; font-size: .9rem; }
button, .button { background: var(--mark); color: var(--onmark); border-color: var(--mark); cursor: pointer; text-decoration: none; border-radius: 6px; padding: .4rem .8rem; }
button.quiet { background: var(--panel); color: var(--link); border-color: var(--line); }
.fields { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; margin: .75rem 0; }
.fields label, .stack label { display: grid; gap: .2rem; font-size: .875rem; color: var(--soft); }
.stack { display: grid; gap: .9rem; max-width: 28rem; } .stack.wide { max-width: none; } .stack button { justify-self: start; }
.cards { list-style: none; margin: 1rem 0; padding: 0; display: grid; gap: .6rem; }
.cards > li { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .7rem 1rem; }
.cards h2 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
.facts { display: flex; flex-wrap: wrap; gap: .2rem 1.25rem; margin: .4rem 0 0; padding: 0; list-style: none; color: var(--soft); font-size: .875rem; }
.pull { display: flex; gap: .5rem; align-items: center; background: var(--code); border-radius: 8px; padding: .5rem .75rem; margin: .75rem 0; }
.pull code { flex: 1; overflow-x: auto; white-space: nowrap; padding: .2rem 0; }
code, pre, .mono { font-family: ui-monospace, "SFMono-Regular", Menlo, monospace; font-size: .875em; }
pre { background: var(--code); padding: .75rem; border-radius: 8px; overflow-x: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: .875rem; }
td.number, th.number { text-align: right; padding-right: 1.5rem; white-space: nowrap; font-variant-numeric: tabular-nums; }
td.line { overflow-wrap: anywhere; min-width: 14rem; }
meter { width: 6rem; }
.chips { display: flex; flex-wrap: wrap; gap: .35rem; list-style: none; padding: 0; margin: .4rem 0; }
.chips a, .chips span { display: inline-block; border: 1px solid var(--line); border-radius: 999px; padding: .05rem .6rem; font-size: .875rem; background: var(--panel); }
.chips [aria-current] { background: var(--mark); color: var(--onmark); border-color: var(--mark); }
.note { background: var(--warn); border: 1px solid var(--line); border-radius: 8px; padding: .5rem .75rem; }
.map { width: 100%; height: auto; display: block; border-radius: 8px; background: var(--code); }
.map rect { stroke: var(--ground); stroke-width: 2; }
.map text { font-size: 13px; fill: #101418; pointer-events: none; }
.map a:focus-visible rect { stroke: var(--ink); stroke-width: 4; }
.t0 { fill: #a8cdf0; } .t1 { fill: #b7dfb4; } .t2 { fill: #f4d58d; } .t3 { fill: #e8b9d4; } .t4 { fill: #c9c1ee; } .t5 { fill: #f2b8a0; } .t6 { fill: #a9dcd6; }
.added { color: var(--plus); } .removed { color: var(--minus); }
.readme { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .25rem 1rem; overflow-wrap: anywhere; }
dl.pairs { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .25rem 1rem; } dl.pairs dt { color: var(--soft); } dl.pairs dd { margin: 0; overflow-wrap: anywhere; }
.row { display: flex; flex-wrap: wrap; gap: .75rem; align-items: center; }
.row h1 { flex: 1 1 auto; }
@media (max-width: 40rem) { dl.pairs { grid-template-columns: 1fr; } dl.pairs dd { margin-bottom: .4rem; } th, td { padding-right: .5rem; } }
@media (prefers-reduced-motion: no-preference) { .cards > li { transition: border-color .15s; } }
.cards > li:hover { border-color: var(--soft); }
[data-script] { display: none; } .scripted [data-script] { display: revert; }
`;

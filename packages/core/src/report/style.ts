/** The style of reports: light and dark, and A4. Sides have their colours everywhere: left blue, right orange. */
export const REPORT_STYLE = `
:root{color-scheme:light dark;--bg:#f6f5f2;--card:#fff;--fg:#1b2330;--muted:#5c6878;--edge:#e2dfd8;--soft:#f1efea;
--left:#1f62c9;--right:#c2560c;--left-soft:#1f62c91f;--right-soft:#c2560c1f;--band:#8a94a61f;--bad:#d6453d;
--accent:#20564f}
@media screen and (prefers-color-scheme:dark){:root{--bg:#12151a;--card:#1a1e25;--fg:#e8ebf0;--muted:#9ba6b5;
--edge:#2c323c;--soft:#222731;--left:#7fb0ff;--right:#ffab66;--left-soft:#7fb0ff26;--right-soft:#ffab6626;
--band:#aab4c61c;--bad:#ff8a80;--accent:#7fd1c4}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;-webkit-print-color-adjust:exact;
print-color-adjust:exact}
main{max-width:1080px;margin:0 auto;padding:36px 24px 80px}
header{margin:0 0 20px}
header .kind{color:var(--accent);font-weight:650;letter-spacing:.04em;text-transform:uppercase;font-size:.78rem;
margin:0}
h1{font-size:2rem;line-height:1.15;margin:2px 0 4px;letter-spacing:-.01em}
header .sub{color:var(--muted);margin:0}
.use{border-left:3px solid var(--accent);background:var(--soft);padding:8px 14px;border-radius:0 8px 8px 0;
margin:14px 0 0;font-size:.9rem}
section{background:var(--card);border:1px solid var(--edge);border-radius:14px;padding:20px 24px;margin:0 0 18px}
h2{font-size:1.2rem;margin:0 0 10px;letter-spacing:-.005em}
h3{font-size:1rem;margin:20px 0 6px}
h3 .code{display:inline-block;font-size:.78rem;font-weight:700;border:1px solid var(--edge);background:var(--soft);
border-radius:6px;padding:1px 7px;margin-right:8px;vertical-align:1px}
p{margin:6px 0}
.note{color:var(--muted);font-size:.87rem}
a{color:inherit}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px 18px;margin:14px 0 0}
.facts div{min-width:0}
.facts dt{color:var(--muted);font-size:.78rem}
.facts dd{margin:0;font-weight:600;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.86rem}
th,td{padding:5px 10px 5px 0;border-bottom:1px solid var(--edge);text-align:left;vertical-align:top}
th{color:var(--muted);font-weight:600;vertical-align:bottom}
tbody tr:last-child td{border-bottom:0}
.n{text-align:right;white-space:nowrap}
.l{color:var(--left)}.r{color:var(--right)}.l,.r{font-weight:600}
.none{color:var(--muted);opacity:.7}
.formula{font-family:ui-monospace,"Cascadia Mono",Menlo,monospace;font-size:.78rem;color:var(--muted)}
figure{margin:10px 0 0}figcaption{color:var(--muted);font-size:.82rem;margin:0 0 4px}
svg{display:block;width:100%;height:auto}
svg text{fill:var(--muted);font:11px system-ui,sans-serif}svg .strong{fill:var(--fg);font-weight:600}
.grid{stroke:var(--edge);stroke-width:1}.left{stroke:var(--left)}.right{stroke:var(--right)}.curve{fill:none;
stroke-width:1.5;stroke-linejoin:round}
.fill-left{fill:var(--left)}.fill-right{fill:var(--right)}.bar-left{fill:var(--left);opacity:.85}
.bar-right{fill:var(--right);opacity:.85}.dot{fill:var(--card);stroke:var(--fg);stroke-width:1.2}
.band{fill:var(--band)}.bad{fill:var(--bad);opacity:.22}.blink{stroke:var(--muted);stroke-width:1.5}
.legend{display:flex;flex-wrap:wrap;gap:2px 18px;color:var(--muted);font-size:.82rem;margin:6px 0 0}
.legend i{display:inline-block;width:14px;height:4px;border-radius:2px;margin:0 6px 3px 0;background:var(--muted)}
.legend .i-left{background:var(--left)}.legend .i-right{background:var(--right)}
.legend .i-band{background:var(--band);height:11px;margin-bottom:0;vertical-align:-1px;border:1px solid var(--edge)}
.legend .i-bad{background:var(--bad);opacity:.4;height:11px;margin-bottom:0;vertical-align:-1px}
.movement{display:grid;grid-template-columns:236px 1fr;gap:4px 18px;padding:12px 0;border-top:1px solid var(--edge);
break-inside:avoid}
.movement .when{color:var(--muted);font-size:.82rem;margin:0}
.movement .when b{color:var(--fg)}
.movement table{font-size:.8rem;margin-top:4px}.movement table td,.movement table th{padding:2px 8px 2px 0;border:0}
.stills{display:grid;grid-template-columns:repeat(3,1fr) 10px repeat(3,1fr);gap:4px;align-self:start}
.stills figure{margin:0}.stills figcaption{font-size:.7rem;line-height:1.25;margin:3px 0 0}
.stills img{display:block;width:100%;border-radius:6px;background:var(--soft)}
.stills .gap{display:block}
details{margin:8px 0 0}summary{cursor:pointer;color:var(--muted);font-size:.86rem}
.heat td{text-align:center;padding:3px 4px;border:0}.heat th{font-size:.74rem;text-align:center;padding:3px 4px}
.heat td:first-child,.heat th:first-child{text-align:left}
.heat .cell{display:block;border-radius:4px;padding:1px 0;font-size:.76rem}
.heat .pair{outline:1.5px solid var(--muted);outline-offset:-1px}
.blank{display:inline-block;min-width:34px;height:1.25em;border:1px solid var(--muted);border-radius:4px;
opacity:.55}
.scores{columns:2;column-gap:36px;font-size:.86rem;margin:4px 0 12px;padding:0;list-style:none}
.scores li{display:flex;justify-content:space-between;gap:12px;padding:2px 0;border-bottom:1px solid var(--edge);
break-inside:avoid}
.composites td:nth-child(2){font-weight:650;white-space:nowrap}
.change{font-weight:650}.beyond{background:var(--soft);border-radius:5px;padding:0 6px}
.pair-stills{display:flex;flex-wrap:wrap;gap:10px}.pair-stills figure{margin:0;width:150px}
.pair-stills img{display:block;width:100%;border-radius:6px}
footer{color:var(--muted);font-size:.82rem;margin:22px 2px 0}
@media(max-width:760px){main{padding:18px 10px 40px}section{padding:14px 12px}.movement{grid-template-columns:1fr}
.scores{columns:1}.chart{overflow-x:auto}.chart svg{min-width:640px}}
@page{size:A4;margin:13mm 12mm}
@media print{html{font-size:10.5px}body{background:#fff;font-size:10.5px;line-height:1.4}main{max-width:none;
padding:0}section{border:0;border-radius:0;padding:0;margin:0 0 14px}h1{font-size:1.7rem}
h2{border-bottom:1.5px solid var(--fg);padding-bottom:2px}h2,h3{break-after:avoid}
figure,tr,.facts div,.movement{break-inside:avoid}.scroll{overflow:visible}
.movement{grid-template-columns:178px 1fr;gap:4px 12px;padding:7px 0}.movement table{font-size:8.5px}
details:not([open]){display:none}table{font-size:9px}.stills figcaption{font-size:7.5px}
.use{border:1px solid var(--edge);border-left:3px solid var(--accent)}.formula{font-size:7.5px}}
`;

/** The report's style sheet. Colours are defined once for light and once for dark. */
export const STYLE = `
:root{color-scheme:light dark;
--ink:#16202b;--soft:#51606f;--faint:#7b8794;--line:#dde3ea;--page:#f6f8fa;--card:#fff;--hover:#eef2f6;
--cpu:#e4572e;--cpu-ink:#b33a14;--cpu-soft:#fdeee8;--good:#18794e;--good-soft:#e3f5ec;--warn:#8a5a00;--warn-soft:#fdf3d8;--bad:#b3261e;--bad-soft:#fce8e6;
--p0:#2f6fb7;--p1:#128577;--p2:#7a4fd0;--p3:#4d8318;--p4:#b93a92;--p5:#81761a;--p6:#5c6b7a;--on:#fff}
@media screen and (prefers-color-scheme:dark){:root{
--ink:#e6edf3;--soft:#a7b3bf;--faint:#8491a0;--line:#2b3541;--page:#0e141b;--card:#161d26;--hover:#1f2833;
--cpu:#ff7a4d;--cpu-ink:#ff9d7a;--cpu-soft:#3a2018;--good:#5cd69b;--good-soft:#12301f;--warn:#f2c14e;--warn-soft:#33280f;--bad:#ff8f87;--bad-soft:#3b1a18;
--p0:#5b9be6;--p1:#3fbfae;--p2:#a58bf5;--p3:#86c24a;--p4:#ea7bc8;--p5:#c9bb4a;--p6:#93a3b3;--on:#0e141b}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main,header{max-width:1120px;margin:0 auto;padding:0 24px}
header{padding-top:36px}
h1{font-size:26px;line-height:1.25;margin:0 0 4px;overflow-wrap:anywhere;letter-spacing:-.01em}
h2{font-size:17px;margin:0 0 4px;letter-spacing:-.005em}
p{margin:0 0 10px;max-width:78ch}
.target,.note{color:var(--soft)}
.note{font-size:13.5px}
code,.mono{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;overflow-wrap:anywhere}
section{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:20px 22px;margin:0 0 18px}
.tiles{display:grid;grid-template-columns:repeat(5,1fr);gap:12px;margin:22px 0 14px}
.tile{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px;margin:0}
.tile dt{color:var(--soft);font-size:12.5px;line-height:1.3;min-height:2.6em}
.tile dd{margin:4px 0 0;font-size:28px;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tile.cpu-tile dd{color:var(--cpu-ink)}
.verdict{display:flex;gap:14px;align-items:baseline;flex-wrap:wrap;margin:0 0 16px}
.verdict p{margin:0;flex:1 1 40ch}
.badge{font-weight:650;font-size:12.5px;letter-spacing:.04em;border-radius:99px;padding:3px 12px;white-space:nowrap}
.badge.NONE,.badge.LOW,.badge.same{color:var(--good);background:var(--good-soft)}
.badge.MEDIUM{color:var(--warn);background:var(--warn-soft)}
.badge.HIGH,.badge.differs{color:var(--bad);background:var(--bad-soft)}
.overview{display:block;width:100%;height:22px;border-radius:6px;margin:0 0 22px}
.p0{fill:var(--p0);--c:var(--p0)}.p1{fill:var(--p1);--c:var(--p1)}.p2{fill:var(--p2);--c:var(--p2)}.p3{fill:var(--p3);--c:var(--p3)}
.p4{fill:var(--p4);--c:var(--p4)}.p5{fill:var(--p5);--c:var(--p5)}.p6{fill:var(--p6);--c:var(--p6)}
.strip i.striped,.chip.striped{background:repeating-linear-gradient(0deg,var(--c) 0 5px,color-mix(in srgb,var(--c) 70%,var(--card)) 5px 8px)}rect.striped{opacity:.7}
.cpu{fill:var(--cpu);--c:var(--cpu)}
.strip{display:flex;flex-wrap:wrap;gap:11px 2px;padding:8px 2px 6px;border-radius:8px;outline-offset:2px;cursor:crosshair;touch-action:pan-y}
.strip i{position:relative;width:15px;height:20px;border-radius:3px;background:var(--c);transition:opacity .12s;font:600 9px/20px system-ui,sans-serif;text-align:center;color:var(--on);font-style:normal}
.strip i::before{content:attr(data-l)}
.strip i.cpu{height:28px;margin:-4px 0;border-radius:3px;background:repeating-linear-gradient(135deg,var(--cpu) 0 4px,color-mix(in srgb,var(--cpu) 62%,var(--card)) 4px 7px)}
.strip.lit i{opacity:.34}.strip.lit i.hot{opacity:1}
.strip i.at{outline:2px solid var(--ink);outline-offset:1px;z-index:1}
.legend{display:flex;gap:18px;flex-wrap:wrap;color:var(--soft);font-size:13px;margin:6px 0 12px}
.legend b{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px;background:var(--c)}
.story{border-left:4px solid var(--c,var(--line));background:var(--hover);border-radius:0 8px 8px 0;padding:10px 14px;min-height:104px;margin-top:12px}
.story h3{font-size:15px;margin:0 0 2px;overflow-wrap:anywhere}
.story p{margin:0 0 2px;font-size:14px}
.scroll{overflow-x:auto;margin:0 -6px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:7px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);font-weight:400}
thead th{color:var(--soft);font-size:12.5px;font-weight:550;border-bottom-color:var(--faint);white-space:nowrap}
tbody tr:last-child>*{border-bottom:0}
tbody tr:hover{background:var(--hover)}
.n{text-align:right;white-space:nowrap}
.four th,.four td{width:18%}.four tbody th{width:auto;color:var(--soft)}
.four .now{background:var(--hover);font-weight:650}
details{border-top:1px solid var(--line)}
details:last-of-type{border-bottom:1px solid var(--line)}
summary{cursor:pointer;padding:10px 4px;display:grid;gap:4px 16px;align-items:baseline;list-style:none;border-radius:6px;position:relative;padding-right:26px}
summary::after{content:'';position:absolute;right:8px;top:17px;width:7px;height:7px;border:solid var(--faint);border-width:0 1.5px 1.5px 0;transform:rotate(45deg);transition:transform .12s}
details[open]>summary::after{transform:rotate(225deg);top:20px}
summary::-webkit-details-marker{display:none}
summary:hover{background:var(--hover)}
summary:focus-visible,.strip:focus-visible,input:focus-visible{outline:2px solid var(--p0)}
.cause summary{grid-template-columns:74px 96px 88px 1fr}
.part summary{grid-template-columns:46px 90px 1.1fr 110px 90px 90px}
.plain summary{grid-template-columns:1fr;color:var(--soft)}
summary .big{font-weight:650;font-size:16px;font-variant-numeric:tabular-nums}
summary .none{color:var(--faint);font-weight:450}
summary .ops{color:var(--soft);font-size:13px;overflow-wrap:anywhere}
.chip{display:inline-block;min-width:28px;text-align:center;border-radius:5px;padding:1px 7px;background:var(--c);color:var(--on);font-weight:650;font-size:12.5px}
.heads{display:grid;gap:4px 16px;color:var(--soft);font-size:12.5px;font-weight:550;padding:6px 26px 6px 4px}
.heads.cause-heads{grid-template-columns:74px 96px 88px 1fr}.heads.part-heads{grid-template-columns:46px 90px 1.1fr 110px 90px 90px}
.inner{padding:0 4px 14px}
.bars{display:grid;grid-template-columns:170px 1fr;gap:12px 16px;align-items:center;margin:8px 0 0;font-size:13.5px}
.bars dt{color:var(--soft)}.bars dd{margin:0}
.bars svg{display:block;width:100%;height:16px;border-radius:5px}
.bars .ends{display:flex;justify-content:space-between;gap:12px;font-variant-numeric:tabular-nums}
.bars .ends span:last-child{color:var(--cpu-ink)}
input[type=search]{font:inherit;width:100%;max-width:420px;padding:7px 11px;border:1px solid var(--line);border-radius:8px;background:var(--page);color:var(--ink);margin:4px 0 10px}
ul{padding-left:20px;margin:6px 0 0}li{margin:0 0 6px;max-width:82ch}
footer{max-width:1120px;margin:0 auto;padding:4px 24px 40px;color:var(--faint);font-size:13px}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
@media (max-width:760px){.tiles{grid-template-columns:repeat(2,1fr)}.tile dt{min-height:0}.cause summary,.cause-heads{grid-template-columns:64px 1fr!important}.part summary{grid-template-columns:46px 1fr 1fr}.part-heads{display:none}.bars{grid-template-columns:1fr}main{padding:0 14px}header{padding:22px 14px 0}}
@media print{body{background:#fff}section,.tile{break-inside:avoid;border-color:#ccc}details>*{display:block}.story,input{display:none}}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
`;

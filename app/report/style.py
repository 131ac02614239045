"""How the page looks: on a phone, in the dark and on paper."""

CSS = """
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1d1b1a;--quiet:#66605c;--line:#e2ddd8;
--grave:#c8102e;--doubt:#e9a100;--good:#1f8a4c;--rail:#ebe7e2;--raw:#b9b0a8;--smooth:#2b6cb0}
@media (prefers-color-scheme:dark){:root{--paper:#151413;--card:#1f1d1c;--ink:#eeeae6;--quiet:#a59d96;
--line:#36322f;--grave:#ff5468;--doubt:#ffbe3b;--good:#48c47c;--rail:#34302d;--raw:#6f6761;--smooth:#66a8ee}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1080px;padding:24px 20px 60px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;
font-variant-numeric:tabular-nums}
h1{font-size:24px;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:17px;margin:36px 0 10px}
p{margin:6px 0}
.quiet{color:var(--quiet)}
.verdict{margin:20px 0 0;padding:16px 18px;border:1px solid var(--line);border-left:6px solid var(--good);
border-radius:8px;background:var(--card)}
.verdict.grave{border-left-color:var(--grave)}.verdict.doubt{border-left-color:var(--doubt)}
.verdict b{font-size:20px;font-weight:600}
.chips{display:flex;flex-wrap:wrap;gap:6px 18px;margin:10px 0 0;padding:0;list-style:none}
.chips b{font-size:15px}
.time{display:grid;grid-template-columns:minmax(60px,150px) 1fr;gap:5px 12px;align-items:center}
.time>span{font-size:13px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;text-align:right}
svg{display:block;width:100%}
svg.band{height:40px;margin-bottom:4px}svg.lane{height:14px}svg.lag{height:36px;margin-top:4px}svg.meter{height:9px;min-width:48px}
.good{fill:var(--good)}.grave{fill:var(--grave)}.doubt{fill:var(--doubt)}.mended{fill:var(--ink);opacity:.28}
.worst{fill:var(--raw)}.usual{fill:var(--smooth)}
.rail{fill:var(--rail)}.raw{fill:var(--raw)}.smooth{fill:var(--smooth)}
.ruler{position:relative;height:18px;grid-column:2;font-size:12px;color:var(--quiet)}
.ruler span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.ruler span:first-child{transform:none}
.key{font-size:13px;color:var(--quiet);display:flex;flex-wrap:wrap;gap:4px 16px;margin-top:8px}
.key i,td i,summary i,.ranges i{
display:inline-block;width:10px;height:10px;border-radius:2px;margin-right:6px}
i.grave{background:var(--grave)}i.doubt{background:var(--doubt)}i.good{background:var(--good)}
i.mended{background:var(--ink);opacity:.28}i.worst{background:var(--raw)}i.usual{background:var(--smooth)}
.ranges{list-style:none;margin:0;padding:0}
.ranges li{display:grid;grid-template-columns:170px 1fr;gap:0 12px;padding:6px 0;
border-top:1px solid var(--line)}
.ranges .reason{overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(220px,1fr));gap:14px}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;
overflow:hidden;break-inside:avoid}
.card .shot{height:200px;background:var(--rail);display:flex;align-items:center;justify-content:center}
.card img{display:block;max-width:100%;max-height:200px}
.card div.words{padding:8px 12px 10px;font-size:13.5px;overflow-wrap:anywhere}
.card b.when{font-size:15px;white-space:nowrap}
.tag{float:right;font-size:12px;color:var(--quiet)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:right;padding:5px 8px;border-top:1px solid var(--line);white-space:nowrap}
th{font-weight:500;color:var(--quiet);border-top:0;vertical-align:bottom}
th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:130px}
td.wide{min-width:110px;width:24%}
details{border-top:1px solid var(--line);padding:8px 0}
summary{cursor:pointer;font-weight:500;overflow-wrap:anywhere}
code{font:12.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:auto 1fr;gap:2px 16px;margin:6px 0}
dt{color:var(--quiet)}dd{margin:0;overflow-wrap:anywhere}
@media (max-width:640px){body{padding:16px 12px 40px}.time{grid-template-columns:52px 1fr;gap:4px 8px}
.ruler span:nth-child(even){display:none}.ranges li{grid-template-columns:1fr}
.cards{grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:10px}.card .shot{height:150px}
.card img{max-height:150px}.tag{float:none;display:block}dl{grid-template-columns:1fr}dd{margin-bottom:6px}}
@media (max-width:640px){.ruler span:nth-child(4n+3){display:none}}
@media print{:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#000;--quiet:#444;--line:#bbb;
--grave:#c8102e;--doubt:#e9a100;--good:#1f8a4c;--rail:#e6e6e6;--raw:#aaa;--smooth:#2b6cb0}
body{max-width:none;padding:0;font-size:11pt}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
details::details-content{content-visibility:visible;display:block}}
"""

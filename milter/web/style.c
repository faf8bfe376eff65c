/* SPDX-License-Identifier: BSD-2-Clause */
/* The style sheet: system fonts, both colour schemes, any width from a phone's on. */
#include "milter/web/web.h"

const char jm_style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--card:#f6f8fa;--bar:#2c6fbb;--ok:#1a7f37;--wait:#9a6700;"
    "--error:#cf222e;--off:#6e7781}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#0d1117;--fg:#e6edf3;--dim:#9198a1;--line:#3d444d;--card:#151b23;--bar:#58a6ff;--ok:#3fb950;"
    "--wait:#d29922;--error:#ff7b72;--off:#9198a1}}\n"
    "*{box-sizing:border-box}body{margin:0 auto;max-width:64rem;padding:1rem;background:var(--bg);color:var(--fg);font:15px/1.45 system-ui,sans-serif}\n"
    "h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}p{margin:.3rem 0}.dim{color:var(--dim)}\n"
    ".trouble{border:2px solid var(--error);border-radius:6px;padding:.6rem .8rem;margin:.8rem 0;overflow-wrap:anywhere}.trouble b{color:var(--error)}\n"
    "ul.services{list-style:none;margin:0;padding:0;display:grid;gap:.7rem}\n"
    "ul.services li{background:var(--card);border:1px solid var(--line);border-left:5px solid var(--off);border-radius:6px;padding:.7rem .9rem;"
    "overflow-wrap:anywhere}\n"
    "li.ok{border-left-color:var(--ok)!important}li.wait{border-left-color:var(--wait)!important}li.error{border-left-color:var(--error)!important}\n"
    ".state{font-weight:600}.icon{width:1.25em;height:1.25em;vertical-align:-.25em;margin-right:.35em}\n"
    ".icon .mark{fill:none;stroke:var(--bg);stroke-width:2;stroke-linecap:round;stroke-linejoin:round}\n"
    ".ok .state{color:var(--ok)}.wait .state{color:var(--wait)}.error .state{color:var(--error)}.off .state{color:var(--off)}.state .disc{fill:currentColor}\n"
    "dl{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(11rem,40%),1fr));gap:.6rem 1rem;margin:.4rem 0}dl div{min-width:0}\n"
    "dt{color:var(--dim);font-size:.82rem}dd{margin:0;overflow-wrap:anywhere}dd.big{font-size:1.35rem}\n"
    ".chart{display:block;width:100%;height:auto;background:var(--card);border:1px solid var(--line);border-radius:6px}\n"
    ".chart rect{fill:var(--bar)}.chart line{stroke:var(--line)}.chart text{fill:var(--dim);font-size:11px}.chart .right{text-anchor:end}\n"
    ".wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem .3rem 0;border-bottom:1px solid var(--line);"
    "vertical-align:top}th{color:var(--dim);font-weight:500;font-size:.82rem}td.n{text-align:right}\n"
    "td.when{white-space:nowrap}a{color:var(--bar)}footer{margin:2rem 0 1rem;color:var(--dim);font-size:.85rem}\n"
    "@media(max-width:40rem){table.events thead{display:none}table.events td{display:block;border:0;padding:0}table.events tr{display:block;"
    "padding:.4rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}}\n";

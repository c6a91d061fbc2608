"""The style of a diagram that is a file of its own; in pages the style sheet components/diagram.css rules."""

import hashlib
from base64 import b64encode

FILE_STYLE = """
svg{--ground:#fff;--ink:#16212b;--quiet:#51606b;--line:#16212b;--accent:#b5176e;
font-family:Archivo,'Arial Narrow',Arial,sans-serif}
@media (prefers-color-scheme:dark){
svg{--ground:#0d1519;--ink:#e6edf0;--quiet:#9db0ba;--line:#b9c8d0;--accent:#ff6db3}}
.ground{fill:var(--ground)}
.node{color:var(--ink)}.node__box{fill:var(--ground);stroke:var(--line);stroke-width:1.5}
.node--actor .node__box{stroke-dasharray:1.5 4;stroke-linecap:round}
.node__label{font-size:15px;font-weight:600;fill:var(--ink)}.node__service{font-size:12px;fill:var(--quiet)}
.edge__line{fill:none;stroke:var(--line);stroke-width:1.5}.edge--async .edge__line{stroke-dasharray:6 5}
.edge__head{fill:var(--line);stroke:var(--line);stroke-width:1.5}.edge--async .edge__head{fill:none}
.edge__label{font-size:12px;fill:var(--quiet)}
.step rect{fill:var(--ground);stroke:var(--accent);stroke-width:1.5}
.step text{font-size:12px;font-weight:600;fill:var(--accent)}
""".strip()

FILE_STYLE_HASH = f"sha256-{b64encode(hashlib.sha256(FILE_STYLE.encode()).digest()).decode()}"
"""As a Content-Security-Policy names an inline style (https://www.w3.org/TR/CSP3/#grammardef-hash-source)."""

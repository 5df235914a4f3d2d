#!/usr/bin/env node
<!-- html
var π = 1 //   x
--> more
let \u{61}b = `${`${1}`}` /* a
 b */ + 010

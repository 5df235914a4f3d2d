eval('1'); new Function('a')(); x.constructor.constructor('b')(); import('fs'); y = 1;
globalThis.process.exit(); with (a) { b } const { __proto__: p } = {}; import.meta.url; require(name);

// Loaded before a JavaScript test file: says, at the natural end of its process, that it came that far. A file whose
// process is ended early has not run all of its tests, whatever it reported.
'use strict';
const word = process.env.EDGECODER_END;
delete process.env.EDGECODER_END;
if (word !== undefined) {
  const { writeSync } = require('node:fs');
  let isSaid = false;
  process.on('beforeExit', () => {
    if (isSaid) return;
    isSaid = true;
    writeSync(2, `${word}\n`);
  });
}

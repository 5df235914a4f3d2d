// Values as text, the way Node's console shows them.
const BREAK = 80;
const ELEMENTS = 100;
const isName = (text) => regexTest(/^[a-zA-Z_][a-zA-Z_0-9]*$/, text);
// By the engine's own matching, whatever a program made of its expression's methods.
const regexExec = uncurry(RegExp.prototype.exec);
const regexTest = (regex, text) => regexExec(regex, text) !== null;
const dateText = uncurry(Date.prototype.toISOString);
const dateValue = uncurry(Date.prototype.getTime);
const regexText = uncurry(RegExp.prototype.toString);
const regexSource = getterOf(RegExp.prototype, 'source');
const mapEach = uncurry(Map.prototype.forEach);
const setEach = uncurry(Set.prototype.forEach);
const weakMapHas = uncurry(WeakMap.prototype.has);
const weakSetHas = uncurry(WeakSet.prototype.has);
const isWeak = (value) => (attempt((weak) => weakMapHas(weak, {}), value) ?? attempt((weak) => weakSetHas(weak, {}), value)) !== undefined;
const symbolText = uncurry(Symbol.prototype.toString);
const functionText = uncurry(Function.prototype.toString);
const classOf = uncurry(Object.prototype.toString);
const ESCAPES = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\b': '\\b', '\f': '\\f', '\v': '\\v', '\\': '\\\\' };

const quote = (text) => {
  let mark = "'";
  if (text.includes("'")) mark = !text.includes('"') ? '"' : !text.includes('`') && !text.includes('${') ? '`' : "'";
  let out = mark;
  for (const letter of text) {
    const code = letter.codePointAt(0);
    if (letter === mark) out += `\\${letter}`;
    else if (ESCAPES[letter] !== undefined) out += ESCAPES[letter];
    else if (code < 32 || (code > 126 && code < 160)) out += `\\x${code.toString(16).toUpperCase().padStart(2, '0')}`;
    else if (code >= 0xd800 && code <= 0xdfff) out += `\\u${code.toString(16).toUpperCase()}`;
    else out += letter;
  }
  return out + mark;
};
const keyText = (key) => {
  if (typeof key === 'symbol') return `[${symbolText(key)}]`;
  return isName(key) ? key : quote(key);
};
const primitive = (value) => {
  if (typeof value === 'string') return quote(value);
  if (typeof value === 'number') return value === 0 && 1 / value < 0 ? '-0' : `${value}`;
  if (typeof value === 'bigint') {
    charge(sizeOf(value));
    return `${value}n`;
  }
  if (typeof value === 'symbol') return symbolText(value);
  return `${value}`;
};
const nameOf = (value) => {
  const found = attempt((f) => getOwnPropertyDescriptor(f, 'name'), value);
  return found !== undefined && typeof found.value === 'string' ? found.value : '';
};
const makerOf = (value) => {
  for (let at = value; at !== null; at = getPrototypeOf(at)) {
    const found = getOwnPropertyDescriptor(at, 'constructor');
    if (found === undefined) continue;
    const maker = 'value' in found ? found.value : isIntrinsic(intrinsics, at) ? at.constructor : undefined;
    if (typeof maker === 'function' && nameOf(maker) !== '') return nameOf(maker);
  }
  return null;
};
const tagOf = (value) => {
  const tag = attempt((object) => object[Symbol.toStringTag], value);
  return typeof tag === 'string' ? tag : '';
};
const prefix = (value, usual, size) => {
  const maker = makerOf(value);
  const tag = tagOf(value);
  let text = maker === null ? `[${usual}${size}: null prototype] ` : `${maker}${size} `;
  if (tag !== '' && tag !== maker) text += `[${tag}] `;
  return text;
};
const describeFunction = (value) => {
  const source = attempt(functionText, value) ?? '';
  const name = nameOf(value);
  const maker = tagOf(value);
  if (source.startsWith('class')) {
    const above = getPrototypeOf(value);
    const heir = typeof above === 'function' && nameOf(above) !== '' ? ` extends ${nameOf(above)}` : '';
    return `[class ${name === '' ? '(anonymous)' : name}${heir}]`;
  }
  return `[${maker === '' ? 'Function' : maker}${name === '' ? ' (anonymous)' : `: ${name}`}]`;
};

const errorText = (value) => {
  const name = attempt((error) => `${error.name}`, value) ?? 'Error';
  const message = attempt((error) => `${error.message}`, value) ?? '';
  return message === '' ? name : `${name}: ${message}`;
};

// Puts the parts of an array side by side in columns when there are more than six.
const inColumns = (parts, state, value) => {
  const shown = value.length > ELEMENTS ? parts.length - 1 : parts.length;
  const widths = [];
  let total = 0;
  let widest = 0;
  for (let at = 0; at < shown; at += 1) {
    widths.push([...parts[at]].length);
    total += widths[at] + 2;
    if (widths[at] > widest) widest = widths[at];
  }
  const cell = widest + 2;
  if (cell * 3 + state.indent >= BREAK || !(total / cell > 5 || widest <= 6)) return parts;
  const biased = Math.max(cell - 3 - Math.sqrt(cell - total / parts.length), 1);
  const columns = Math.min(
    Math.round(Math.sqrt(2.5 * biased * shown) / biased), Math.floor((BREAK - state.indent) / cell), 12);
  if (columns <= 1) return parts;
  const columnWidths = [];
  for (let column = 0; column < columns; column += 1) {
    let width = 0;
    for (let at = column; at < shown; at += columns) if (widths[at] > width) width = widths[at];
    columnWidths.push(width + 2);
  }
  let isNumeric = true;
  for (let at = 0; at < value.length && isNumeric; at += 1) {
    isNumeric = typeof value[at] === 'number' || typeof value[at] === 'bigint';
  }
  const rows = [];
  for (let from = 0; from < shown; from += columns) {
    const to = Math.min(from + columns, shown);
    let row = '';
    for (let at = from; at < to; at += 1) {
      const isLast = at === to - 1;
      const cellText = isLast ? parts[at] : `${parts[at]}, `;
      const width = columnWidths[at - from] + parts[at].length - widths[at] - (isLast ? 2 : 0);
      if (isNumeric) row += cellText.padStart(width, ' ');
      else row += isLast ? cellText : cellText.padEnd(width, ' ');
    }
    rows.push(row);
  }
  if (shown < parts.length) rows.push(parts[shown]);
  return rows;
};
const joined = (parts, base, open, shut, isList, level, state, value) => {
  let entries = parts;
  if (isList && parts.length > 6) entries = inColumns(parts, state, value);
  if (state.deepest - level < 3 && entries === parts) {
    let total = parts.length * 2 + state.indent + open.length + base.length + 10;
    for (const part of parts) total += part.length;
    if (total <= BREAK && !base.includes('\n')) {
      const line = parts.join(', ');
      if (!line.includes('\n')) return `${base === '' ? '' : `${base} `}${open} ${line} ${shut}`;
    }
  }
  const space = `\n${' '.repeat(state.indent)}`;
  return `${base === '' ? '' : `${base} `}${open}${space}  ${entries.join(`,${space}  `)}${space}${shut}`;
};
const property = (object, key, state, level, isElement) => {
  const found = getOwnPropertyDescriptor(object, key);
  let text;
  if (found.value !== undefined || 'value' in found) {
    state.indent += 2;
    text = format(found.value, state, level + 1);
    state.indent -= 2;
  } else {
    text = found.set === undefined ? '[Getter]' : found.get === undefined ? '[Setter]' : '[Getter/Setter]';
  }
  if (isElement) return text;
  return `${keyText(key)}: ${text}`;
};
const isIndex = (key, length) => typeof key === 'string' && `${key >>> 0}` === key && key >>> 0 < length;
const listParts = (value, length, state, level) => {
  const parts = [];
  let at = 0;
  while (at < length && parts.length < ELEMENTS) {
    if (getOwnPropertyDescriptor(value, `${at}`) !== undefined) {
      parts.push(property(value, `${at}`, state, level, true));
      at += 1;
      continue;
    }
    const from = at;
    while (at < length && getOwnPropertyDescriptor(value, `${at}`) === undefined) at += 1;
    parts.push(`<${at - from} empty item${at - from === 1 ? '' : 's'}>`);
  }
  if (at < length) parts.push(`... ${length - at} more item${length - at === 1 ? '' : 's'}`);
  return parts;
};
const shape = (value, state, level) => {
  const inner = (item) => {
    state.indent += 2;
    const text = format(item, state, level + 1);
    state.indent -= 2;
    return text;
  };
  const view = isView(value) ? attempt(viewLength, value) : undefined;
  if (isArray(value)) {
    const maker = makerOf(value);
    const head = maker === 'Array' ? '' : prefix(value, 'Array', `(${value.length})`);
    return { base: '', open: `${head}[`, shut: ']', isList: true, length: value.length, parts: () => listParts(value, value.length, state, level) };
  }
  if (view !== undefined) {
    const head = prefix(value, 'TypedArray', `(${view})`);
    return { base: '', open: `${head}[`, shut: ']', isList: true, length: view, parts: () => listParts(value, view, state, level) };
  }
  if (isMap(value)) {
    const parts = () => {
      const out = [];
      mapEach(value, (item, key) => out.push(`${inner(key)} => ${inner(item)}`));
      return out;
    };
    return { base: '', open: `${prefix(value, 'Map', `(${mapSize(value)})`)}{`, shut: '}', parts };
  }
  if (isSet(value)) {
    const parts = () => {
      const out = [];
      setEach(value, (item) => out.push(inner(item)));
      return out;
    };
    return { base: '', open: `${prefix(value, 'Set', `(${setSize(value)})`)}{`, shut: '}', parts };
  }
  if (typeof value === 'function') return { base: describeFunction(value), open: '{', shut: '}', parts: () => [] };
  if (attempt(regexSource, value) !== undefined && value !== RegExp.prototype) {
    return { base: regexText(value), open: '{', shut: '}', parts: () => [], hidden: ['lastIndex'] };
  }
  if (attempt(dateValue, value) !== undefined) {
    const base = attempt(dateText, value) ?? 'Invalid Date';
    return { base, open: '{', shut: '}', parts: () => [] };
  }
  const boxed = unbox(value);
  if (boxed !== undefined) return { ...boxed, open: '{', shut: '}', parts: () => [] };
  if (N.isError(value)) return { base: `[${errorText(value)}]`, open: '{', shut: '}', parts: () => [], hidden: ['stack', 'message'] };
  const promise = N.promise(value);
  if (promise !== undefined) {
    const parts = () => [promise[0] === 'pending' ? '<pending>' : `${promise[0] === 'rejected' ? '<rejected> ' : ''}${inner(promise[1])}`];
    return { base: '', open: `${prefix(value, 'Promise', '')}{`, shut: '}', parts };
  }
  if (isWeak(value)) return { base: '', open: `${prefix(value, 'Weak', '')}{`, shut: '}', parts: () => ['<items unknown>'] };
  const head = prefix(value, 'Object', '');
  return { base: '', open: head === 'Object ' ? '{' : `${head}{`, shut: '}', parts: () => [] };
};
const boxes = [
  ['Number', uncurry(Number.prototype.valueOf)], ['String', uncurry(String.prototype.valueOf)],
  ['Boolean', uncurry(Boolean.prototype.valueOf)], ['Symbol', uncurry(Symbol.prototype.valueOf)],
  ['BigInt', uncurry(BigInt.prototype.valueOf)],
];
const unbox = (value) => {
  for (const [name, read] of boxes) {
    const own = attempt(read, value);
    if (own !== undefined) {
      const hidden = name === 'String' ? ['length'] : [];
      return { base: `[${name}: ${primitive(own)}]`, hidden, length: name === 'String' ? own.length : 0 };
    }
  }
  return undefined;
};
function format(value, state, level) {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) {
    if (typeof value === 'string' && level > 0 && value.length > 16 && value.length > BREAK - state.indent - 4) {
      const lines = value.split('\n').map((line, at, every) => (at < every.length - 1 ? `${line}\n` : line));
      return lines.filter((line) => line !== '').map(quote).join(` +\n${' '.repeat(state.indent + 2)}`);
    }
    return primitive(value);
  }
  charge(1);
  if (state.seen.includes(value)) {
    if (!state.circles.includes(value)) state.circles.push(value);
    return `[Circular *${state.circles.indexOf(value) + 1}]`;
  }
  const form = shape(value, state, level);
  const keys = ownKeys(value).filter((key) => {
    if (form.hidden?.includes(key) || (form.length !== undefined && isIndex(key, form.length))) return false;
    return getOwnPropertyDescriptor(value, key)?.enumerable === true;
  });
  if (level > state.depth) {
    if (form.isList && isArray(value)) return '[Array]';
    if (form.base === '' || keys.length > 0) return `[${makerOf(value) ?? 'Object: null prototype'}]`;
  }
  state.seen.push(value);
  const { deepest } = state;
  state.deepest = level;
  const parts = form.parts();
  for (const key of keys) parts.push(property(value, key, state, level, false));
  state.seen.pop();
  const at = state.circles.indexOf(value);
  const mark = at < 0 ? '' : `<ref *${at + 1}> `;
  if (parts.length === 0) {
    state.deepest = deepest;
    if (form.base !== '') return mark + form.base;
    return `${mark}${form.open}${form.shut}`;
  }
  if (mark !== '') {
    if (form.base === '') form.open = mark + form.open;
    else form.base = mark + form.base;
  }
  return joined(parts, form.base, form.open, form.shut, form.isList === true, level, state, value);
}
const inspect = (value, depth = 2) => format(value, { seen: [], circles: [], indent: 0, deepest: 0, depth }, 0);

const formatLine = (args) => {
  let text = '';
  let at = 0;
  if (typeof args[0] === 'string') {
    at = 1;
    const parts = args[0].split('%');
    text = parts[0];
    for (let part = 1; part < parts.length; part += 1) {
      const rest = parts[part];
      const letter = rest[0];
      if (letter === undefined && part + 1 < parts.length && args.length > 1) {
        text += `%${parts[part + 1]}`;
        part += 1;
      } else if (letter !== undefined && 'sdifjoOc'.includes(letter) && at < args.length) {
        text += directive(letter, args[at]) + rest.slice(1);
        at += 1;
      } else text += `%${rest}`;
    }
  }
  for (; at < args.length; at += 1) {
    const shown = typeof args[at] === 'string' ? args[at] : inspect(args[at]);
    text = at === 0 ? shown : `${text} ${shown}`;
  }
  return text;
};
const directive = (letter, value) => {
  if (letter === 's') {
    if (typeof value === 'string') return value;
    if (typeof value === 'object' && value !== null && !N.isError(value)) return inspect(value, 0);
    return typeof value === 'object' || typeof value === 'function' ? inspect(value, 0) : primitive(value);
  }
  if (letter === 'c') return '';
  if (letter === 'j') return JSON.stringify(value) ?? 'undefined';
  if (letter === 'o' || letter === 'O') return inspect(value, 4);
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'symbol' || (typeof value === 'object' && value !== null)) return 'NaN';
  if (letter === 'd') return primitive(Number(value));
  return primitive(letter === 'i' ? parseInt(value, 10) : parseFloat(value));
};

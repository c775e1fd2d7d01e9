/** The value at a path of a row's JSON (`answers.0`, `messages.2.content`); undefined where there is none. */
export function valueAt(row: unknown, path: string): unknown {
  return path.split('.').reduce(inside, row);
}

function inside(value: unknown, name: string): unknown {
  if (Array.isArray(value)) return value[Number(name)];
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}

/** A copy of a row with another value at a path; what is not on the path is shared. */
export function setAt(row: unknown, path: string, to: unknown): unknown {
  const [name = '', ...rest] = path.split('.');
  if (rest.length === 0) return replaced(row, name, to);
  return replaced(row, name, setAt(inside(row, name), rest.join('.'), to));
}

function replaced(value: unknown, name: string, to: unknown): unknown {
  if (Array.isArray(value)) return value.map((one: unknown, at) => (at === Number(name) ? to : one));
  if (typeof value !== 'object' || value === null) return value;
  return { ...value, [name]: to };
}

const MASK = '[secret]';
const SECRET_NAME = /(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD)$/i;
/** Shorter values would mask ordinary words. */
const SHORTEST_SECRET = 8;

const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${MASK}`],
  [/\b(?:sk|hf|pk|gh[pousr]|xox[abp])[-_][\w-]{8,}/g, MASK],
  // user:password@host
  [/(\/\/[^/\s:@"]+:)[^/\s@"]+@/g, `$1${MASK}@`],
  [/([?&](?:api_?key|key|token|secret|password)=)[^&\s"]+/gi, `$1${MASK}`],
  [/("(?:api_?key|key|token|secret|password|authorization)"\s*:\s*")(?:[^"\\]|\\.)+"/gi, `$1${MASK}"`],
];

const known = new Set<string>();

/** From now on `redactSecrets` masks this value in this process: a key that was read from a store. */
export function rememberSecret(value: string): void {
  if (value.length >= SHORTEST_SECRET) known.add(value);
}

/** Masks what looks like a key, every key this process has read, and the values of environment variables named like one. Log lines go through it. */
export function redactSecrets(text: string, env: NodeJS.ProcessEnv = process.env): string {
  let result = text;
  for (const [name, value] of Object.entries(env)) {
    if (value && value.length >= SHORTEST_SECRET && SECRET_NAME.test(name)) result = result.replaceAll(value, MASK);
  }
  for (const value of known) result = result.replaceAll(value, MASK);
  for (const [pattern, replacement] of PATTERNS) result = result.replace(pattern, replacement);
  return result;
}

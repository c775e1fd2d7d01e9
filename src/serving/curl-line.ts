/** Who a line asks. */
export interface CurlTarget {
  /** Base URL, ending in `/v1`. */
  readonly url: string;
  readonly model: string;
  readonly kind: 'chat' | 'embedding';
  /** `endpoint.json` of a server of ours. */
  readonly keyFile?: string;
  /** The variable that holds the key. */
  readonly keyEnv?: string | undefined;
  /** Kept by ragtui in a file or keyring: no shell can read it from there. */
  readonly keyStore?: string | undefined;
}

/**
 * A line for a shell that asks a model, without its key: `$KEY` is read where the key is, and goes to curl on its
 * standard input, because arguments are seen by other users of the machine.
 */
export function curlLine({ url, model, kind, keyFile, keyEnv, keyStore }: CurlTarget): string {
  const body = JSON.stringify(
    kind === 'chat' ? { model, messages: [{ role: 'user', content: 'Hello' }] } : { model, input: ['Hello'] },
  );
  const path = kind === 'chat' ? 'chat/completions' : 'embeddings';
  const curl = `curl -sS ${quoted(`${url.replace(/\/$/, '')}/${path}`)}`;
  const rest = `-H 'Content-Type: application/json' -d ${quoted(body)}`;
  const key = keyFile
    ? `KEY=$(sed -n 's/.*"key":"\\([^"]*\\)".*/\\1/p' ${quoted(keyFile)})`
    : keyEnv && /^[A-Za-z_]\w*$/.test(keyEnv)
      ? `KEY=$${keyEnv}`
      : keyStore || keyEnv
        ? 'read -rs KEY'
        : null;
  if (key === null) return `${curl} ${rest}`;
  return `${key}; printf 'Authorization: Bearer %s' "$KEY" | ${curl} -H @- ${rest}`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

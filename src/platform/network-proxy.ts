import { BlockList, isIP } from 'node:net';

/** `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`; names in small letters win, as curl has it. */
type ProxyVariable = 'https_proxy' | 'http_proxy' | 'all_proxy' | 'no_proxy';

const variable = (env: NodeJS.ProcessEnv, name: ProxyVariable): string =>
  (env[name] ?? env[name.toUpperCase()] ?? '').trim();

/**
 * The proxy that leads to `url`, undefined where there is none. What does not leave this machine never takes one.
 * A proxy without a scheme is an HTTP one.
 */
export function proxyFor(url: URL, env: NodeJS.ProcessEnv = process.env): URL | undefined {
  if (isLoopback(url)) return undefined;
  const named = variable(env, url.protocol === 'https:' ? 'https_proxy' : 'http_proxy') || variable(env, 'all_proxy');
  if (named === '' || isExcepted(url, variable(env, 'no_proxy'))) return undefined;
  try {
    return new URL(/^[a-z0-9]+:\/\//i.test(named) ? named : `http://${named}`);
  } catch {
    return undefined;
  }
}

/** `localhost`, names below it, 127.0.0.0/8 and ::1. */
export function isLoopback(url: URL): boolean {
  const host = bareHost(url);
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

/** For messages and doctor: without user and password. */
export const shownProxy = ({ protocol, host }: URL): string => `${protocol}//${host}`;

const bareHost = ({ hostname }: URL): string =>
  hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');

/** Whether `NO_PROXY` names the host: `*`, `host`, `.domain`, `*.domain`, `host:port`, an address or a network (`10.0.0.0/8`). */
function isExcepted(url: URL, list: string): boolean {
  const host = bareHost(url);
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .split(/[\s,]+/)
    .filter(Boolean)
    .some((entry) => {
      if (entry === '*') return true;
      if (entry.includes('/')) return inNetwork(host, entry);
      const [name, wanted] = splitPort(entry.toLowerCase());
      if (wanted !== undefined && wanted !== port) return false;
      const domain = name.replace(/^\*?\./, '');
      return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
    });
}

function splitPort(entry: string): [string, string | undefined] {
  const found = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry);
  const name = found?.[1] ?? entry;
  return [name.replace(/^\[|\]$/g, ''), found?.[2]];
}

function inNetwork(host: string, entry: string): boolean {
  const family = isIP(host);
  if (family === 0) return false;
  const [address = '', bits = ''] = entry.split('/');
  try {
    const network = new BlockList();
    network.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
    return network.check(host, family === 6 ? 'ipv6' : 'ipv4');
  } catch {
    return false; // Not a network: it excepts nothing.
  }
}

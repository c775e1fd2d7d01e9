import { errnoOf } from '../platform/errors.ts';
import { shownProxyFor } from '../platform/network.ts';
import { statusText } from '../platform/status.ts';
import { clean, EndpointFault } from './endpoint-faults.ts';
import { type ChatEndpoint, shownUrl } from './endpoint-url.ts';

/** fetch throws a TypeError when the connection fails; an aborted or cut body throws other plain errors. */
export const isConnectionError = (error: unknown): boolean =>
  error instanceof Error &&
  (error.name === 'TypeError' || error.name === 'AbortError' || 'code' in error) &&
  error.name !== 'RagtuiError';

/** The error of a connection: `cause` of fetch's TypeError says what happened. `began`: bytes of the answer had come. */
export function connectionFault(endpoint: ChatEndpoint, thrown: unknown, began: boolean): EndpointFault {
  const causes = causesOf(thrown);
  const cause = causes.at(-1);
  const code = causes.map(errnoOf).findLast((errno) => errno !== undefined) ?? '';
  const at = shownUrl(endpoint);
  const proxy = shownProxyFor(new URL(endpoint.url));
  if (began) {
    return new EndpointFault(
      'network',
      `${at} ended the connection in the middle of an answer.`,
      'Look at its log, then ask again.',
      { cause: thrown },
    );
  }
  const tls = tlsFault(at, code, thrown);
  if (tls) return tls;
  const words = cause instanceof Error ? cause.message : String(cause);
  if (proxy && /Proxy response|Proxy Auth/i.test(words)) return proxyFault(at, proxy, words, thrown);
  const via = proxy ? `the proxy ${proxy}, through which ${at} is asked` : at;
  const beginning = via.replace(/^t/, 'T');
  switch (code) {
    case 'ECONNREFUSED':
      return new EndpointFault(
        'unavailable',
        `Nothing answers at ${via}.`,
        proxy ? 'Correct HTTPS_PROXY or HTTP_PROXY.' : 'Start the server, or correct the URL.',
        { again: statusText('silent'), refused: true, cause: thrown },
      );
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new EndpointFault(
        'network',
        `The host of ${via} cannot be found.`,
        proxy ? 'Correct HTTPS_PROXY or HTTP_PROXY.' : 'Check the URL and your network.',
        { cause: thrown },
      );
    case 'UND_ERR_CONNECT_TIMEOUT':
    case 'ETIMEDOUT':
      return new EndpointFault(
        'timeout',
        `No connection to ${via} came about in time.`,
        'Check the URL, your network and whether a proxy is needed (HTTPS_PROXY).',
        { cause: thrown },
      );
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      // Often a kept connection that the server was just closing.
      return new EndpointFault(
        'network',
        `${beginning} closed the connection before it answered.`,
        'Look at its log; http:// and https:// may be mixed up.',
        { again: statusText('closed'), refused: true, cause: thrown },
      );
    default:
      return new EndpointFault(
        'network',
        `${beginning} cannot be reached: ${clean(endpoint, words) || 'no reason given'}.`,
        'Check the URL and your network.',
        { cause: thrown },
      );
  }
}

/** fetch's error, what it names as its cause, and so on. */
function causesOf(thrown: unknown): unknown[] {
  const causes = [thrown];
  for (let at = thrown; at instanceof Error && at.cause && causes.length < 5; at = at.cause) causes.push(at.cause);
  return causes;
}

const TRUST_HINT =
  'If it is your own, put its certificate (or that of its authority) into a PEM file and name that as network.ca_file in config.toml, or in NODE_EXTRA_CA_CERTS.';

/** What is wrong with a certificate, by OpenSSL's names. */
function tlsFault(at: string, code: string, cause: unknown): EndpointFault | undefined {
  const fault = (what: string, hint: string) => new EndpointFault('network', `${at} ${what}.`, hint, { cause });
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
      return fault('shows a certificate that is signed by itself, which is not trusted', TRUST_HINT);
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return fault('shows a certificate of an authority that is not trusted', TRUST_HINT);
    case 'CERT_HAS_EXPIRED':
      return fault('shows a certificate that has expired', 'Renew it on the server, or set the clock of this machine.');
    case 'CERT_NOT_YET_VALID':
      return fault('shows a certificate that is not valid yet', 'Set the clock of this machine.');
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return fault('shows a certificate for another host', 'Use the name in the certificate as the host of the URL.');
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return fault('does not speak TLS', 'Use http:// instead of https:// in the URL.');
    default:
      return undefined;
  }
}

function proxyFault(at: string, proxy: string, words: string, cause: unknown): EndpointFault {
  const status = /\((\d{3})\)/.exec(words)?.[1];
  return status === '407'
    ? new EndpointFault(
        'permission',
        `The proxy ${proxy} wants a name and password for ${at} (407).`,
        'Put them into HTTPS_PROXY or HTTP_PROXY: http://name:password@host:port.',
        { cause },
      )
    : new EndpointFault(
        'network',
        `The proxy ${proxy} does not lead to ${at}${status ? ` (${status})` : ''}.`,
        'Ask who runs it, or name the host in NO_PROXY.',
        { cause },
      );
}

import type { Check } from '../types.ts';

/** Where other programs are told of a company's certificate, which Node does not read. */
const OTHERS = ['SSL_CERT_FILE', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'];

export const certificates: Check = {
  id: 'tls',
  name: 'certificates',
  run: ({ env, exists }) => {
    if (env['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
      const get = 'unset NODE_TLS_REJECT_UNAUTHORIZED, and name the certificate with NODE_EXTRA_CA_CERTS';
      return { state: 'warn', detail: 'NODE_TLS_REJECT_UNAUTHORIZED=0: no certificate is checked', get };
    }
    const own = env['NODE_EXTRA_CA_CERTS'];
    if (own && !exists(own)) {
      return {
        state: 'fail',
        detail: `NODE_EXTRA_CA_CERTS names ${own}, which is not there`,
        get: 'correct it, or unset it',
      };
    }
    const other = OTHERS.find((name) => env[name]);
    if (other && !own) {
      const get = `export NODE_EXTRA_CA_CERTS="$${other}", or ca_file under [network] in config.toml`;
      return { state: 'warn', detail: `${other} is set, which Node does not read`, get };
    }
    return { state: 'ok', detail: own ?? 'those of Node' };
  },
};

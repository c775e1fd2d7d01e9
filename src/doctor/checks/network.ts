import { loadSettings } from '../../platform/config.ts';
import { certificatesOf } from '../../platform/network-ca.ts';
import { proxyFor, shownProxy } from '../../platform/network-proxy.ts';
import type { Check } from '../types.ts';

/** How requests leave this machine. Nothing is asked. */
export const network: Check = {
  id: 'network',
  name: 'network',
  run: ({ paths, env }) => {
    const proxies = ['https', 'http'].flatMap((scheme) => {
      const proxy = proxyFor(new URL(`${scheme}://example.com`), env);
      return proxy ? [{ proxy, text: `${scheme} through ${shownProxy(proxy)}` }] : [];
    });
    const odd = proxies.find(({ proxy }) => !/^https?:$/.test(proxy.protocol));
    if (odd) {
      return {
        state: 'fail',
        detail: `${shownProxy(odd.proxy)} is not an HTTP proxy`,
        get: 'set HTTPS_PROXY to http://HOST:PORT',
      };
    }
    const exceptions = env['no_proxy'] ?? env['NO_PROXY'];
    const caFile = loadSettings(paths.configFile).settings.network.ca_file;
    const parts = [
      proxies.length > 0 ? proxies.map(({ text }) => text).join(', ') : 'no proxy',
      proxies.length > 0 && exceptions ? `but not ${exceptions}` : '',
      caFile ? `${certificatesOf(caFile).length} certificates from ${caFile}` : '',
      env['NODE_EXTRA_CA_CERTS'] ? `certificates from ${env['NODE_EXTRA_CA_CERTS']}` : '',
    ];
    return { state: 'ok', detail: parts.filter(Boolean).join(', ') };
  },
};

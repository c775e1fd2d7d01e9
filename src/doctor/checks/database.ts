import { connectKb } from '../../kb/client.ts';
import type { Check } from '../types.ts';

/** Only a workspace that is there is opened: asking must not make one. */
export const database: Check = {
  id: 'database',
  name: 'database',
  run: async (probe) => {
    if (!probe.exists(probe.paths.database)) return { state: 'ok', detail: 'none yet' };
    const kb = await connectKb(probe.paths);
    try {
      const all = await kb.call('kb.list', {});
      const documents = all.reduce((sum, { documents: count }) => sum + count, 0);
      return { state: 'ok', detail: `${all.length} knowledge bases, ${documents} documents; the service answers` };
    } finally {
      await kb.close();
    }
  },
};

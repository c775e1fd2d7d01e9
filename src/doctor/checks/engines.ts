import { listEngines } from '../../engines/store.ts';
import type { Check, Finding } from '../types.ts';

export const engines: Check = {
  id: 'engines',
  name: 'engines',
  run: (probe) =>
    listEngines(probe.paths).map(({ definition, state }): Finding => {
      const { name, title, purpose } = definition;
      const install = `ragtui engines install ${name}`;
      if (state === 'present') return { state: 'ok', detail: title };
      if (state === 'absent') return { state: 'ok', detail: `no ${name} yet (${purpose}): ${install}` };
      const what = state === 'partial' ? 'is half installed' : 'was made for another version of ragtui';
      return { state: 'warn', detail: `${name} ${what}`, get: install };
    }),
};

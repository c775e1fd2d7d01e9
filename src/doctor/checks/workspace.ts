import type { Check } from '../types.ts';

export const workspace: Check = {
  id: 'workspace',
  name: 'workspace',
  run: (probe) => {
    const { home } = probe.paths;
    if (!probe.writable(home)) {
      return {
        state: 'fail',
        detail: `${home} cannot be written`,
        get: 'set RAGTUI_HOME (or --home) to a folder of your own',
      };
    }
    const stat = probe.stat(home);
    if (!stat) return { state: 'ok', detail: `${home} (is made when it is needed)` };
    if ((stat.mode & 0o077) === 0) return { state: 'ok', detail: home };
    return { state: 'warn', detail: `${home} can be read by others`, get: `chmod 700 ${home}` };
  },
};

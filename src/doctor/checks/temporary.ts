import os from 'node:os';
import type { Check } from '../types.ts';

export const temporary: Check = {
  id: 'tmp-noexec',
  name: 'temporary folder',
  run: (probe) => {
    const folder = probe.env['TMPDIR'] || os.tmpdir();
    if (!probe.writable(folder)) {
      return { state: 'fail', detail: `${folder} cannot be written`, get: 'set TMPDIR to a folder of your own' };
    }
    const options = mountOf(folder, probe.read('/proc/mounts') ?? '');
    if (!options.includes('noexec')) return { state: 'ok', detail: `${folder} takes files and runs programs` };
    return {
      state: 'warn',
      detail: `${folder} is mounted noexec: builds and installs of Python packages fail there`,
      get: 'set TMPDIR to a folder that is not, as TMPDIR=$HOME/tmp',
    };
  },
};

/** Options of the mount that a folder is on, from /proc/mounts. */
function mountOf(folder: string, mounts: string): readonly string[] {
  let best = { length: -1, options: [] as string[] };
  for (const line of mounts.split('\n')) {
    const [, point = '', , options = ''] = line.split(' ');
    const at = point.replaceAll('\\040', ' ');
    const holds = at === '/' || folder === at || folder.startsWith(`${at}/`);
    if (point !== '' && holds && at.length >= best.length) best = { length: at.length, options: options.split(',') };
  }
  return best.options;
}

import { loadSettings } from '../../platform/config.ts';
import type { Check } from '../types.ts';

export const settings: Check = {
  id: 'settings',
  name: 'settings',
  run: ({ paths, exists }) => {
    const { warnings } = loadSettings(paths.configFile);
    if (warnings.length > 0) return { state: 'warn', detail: warnings.join(' '), get: `correct ${paths.configFile}` };
    return { state: 'ok', detail: exists(paths.configFile) ? paths.configFile : 'defaults' };
  },
};

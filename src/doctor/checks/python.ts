import { ENGINES } from '../../engines/definitions.ts';
import { installCommand } from '../install.ts';
import type { Check, Probe } from '../types.ts';

/** For the engines that fine-tune and serve with vLLM; asking needs none. */
export const python: Check = {
  id: 'python',
  name: 'Python',
  run: async (probe) => {
    const definitions = Object.values(ENGINES);
    const oldest = Math.max(...definitions.map(({ python: { min } }) => min[1]));
    const newest = Math.min(...definitions.map(({ python: { max } }) => max[1]));
    const commands = [];
    for (let minor = newest; minor >= oldest; minor -= 1) commands.push(`python3.${minor}`);
    const seen: string[] = [];
    for (const command of [...commands, 'python3', 'python']) {
      const version = await versionOf(probe, command);
      if (!version) continue;
      const [major = 0, minor = 0] = version.split('.').map(Number);
      if (major !== 3 || minor < oldest || minor > newest) {
        seen.push(version);
        continue;
      }
      const venv = await probe.run(command, ['-c', 'import venv, ensurepip']);
      if (venv?.code === 0) return { state: 'ok', detail: `${version} (${command}) suits every engine` };
      const get = installCommand(probe, {
        apt: `python3.${minor}-venv`,
        dnf: 'python3',
        apk: 'python3',
        pacman: 'python',
      });
      return { state: 'warn', detail: `${version} has no venv module: engines cannot be installed with it`, get };
    }
    const found = seen.length > 0 ? `found ${[...new Set(seen)].join(', ')}` : 'none found';
    return {
      state: 'warn',
      detail: `fine-tuning needs Python 3.${oldest} to 3.${newest}; ${found}`,
      get: installCommand(probe, {
        apt: `python3.${newest} python3.${newest}-venv`,
        dnf: `python3.${newest}`,
        apk: 'python3',
        pacman: 'python',
      }),
    };
  },
};

async function versionOf(probe: Probe, command: string): Promise<string | undefined> {
  const answer = await probe.run(command, ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])']);
  const version = answer?.stdout.trim() ?? '';
  return answer?.code === 0 && /^\d+\.\d+\.\d+$/.test(version) ? version : undefined;
}

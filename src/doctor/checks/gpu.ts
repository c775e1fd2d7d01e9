import { readFileSync } from 'node:fs';
import { ENGINES } from '../../engines/definitions.ts';
import { lockOf } from '../../engines/store.ts';
import type { Check, Probe } from '../types.ts';

const PCI = '/sys/bus/pci/devices';
const NVIDIA = '0x10de';

/** Cards, driver, and whether the driver is new enough for what the engines are built for. */
export const gpu: Check = {
  id: 'gpu',
  name: 'GPU',
  run: async (probe) => {
    const answer = await probe.run('nvidia-smi', []);
    if (!answer) {
      if (!hasCard(probe)) return { state: 'ok', detail: 'none: all runs on the processor' };
      return {
        state: 'warn',
        detail: 'there is an NVIDIA card, but no nvidia-smi',
        get: 'install the NVIDIA driver (Debian: sudo apt-get install nvidia-driver; in a container: start it with --gpus all)',
      };
    }
    const text = `${answer.stdout}\n${answer.stderr}`;
    if (answer.code !== 0) {
      const first = text.split('\n').find((line) => line.trim() !== '') ?? 'no reason given';
      const mismatch = /version mismatch/i.test(text);
      const get = mismatch
        ? 'restart the machine: the driver was updated while it ran'
        : 'sudo dmesg | grep -i nvrm says more';
      return { state: 'fail', detail: `nvidia-smi fails: ${first.trim()}`, get };
    }
    const driver = /Driver Version:\s*([\d.]+)/.exec(text)?.[1] ?? '?';
    // Newer drivers write "CUDA UMD Version".
    const cuda = /CUDA(?: UMD)? Version:\s*(\d+)\.(\d+)/.exec(text);
    const list = await probe.run('nvidia-smi', ['--query-gpu=name,memory.total', '--format=csv,noheader']);
    const cards = (list?.stdout ?? '').split('\n').filter((line) => line.trim() !== '');
    const shown = `${cards.join('; ') || 'no card told'}; driver ${driver}${cuda ? `, CUDA ${cuda[1]}.${cuda[2]}` : ''}`;
    const wanted = wantedCuda();
    if (cuda && Number(cuda[1]) < wanted) {
      const get = `install a driver for CUDA ${wanted} or newer (nvidia-smi shows it at the top right); until then use --device cpu`;
      return { state: 'warn', detail: `${shown}: the engines are built for CUDA ${wanted}`, get };
    }
    return { state: 'ok', detail: shown };
  },
};

const hasCard = (probe: Probe): boolean =>
  probe.list(PCI).some((device) => {
    const isNvidia = probe.read(`${PCI}/${device}/vendor`)?.trim() === NVIDIA;
    // 0x03….: display controllers; such a card has audio and USB functions too.
    return isNvidia && (probe.read(`${PCI}/${device}/class`) ?? '').startsWith('0x03');
  });

/** The newest CUDA that a lock file of an engine asks for. */
function wantedCuda(): number {
  const majors = Object.values(ENGINES).map(({ name }) =>
    Number(/^nvidia-cuda-runtime==(\d+)\./m.exec(readFileSync(lockOf(name, 'cuda'), 'utf8'))?.[1] ?? 0),
  );
  return Math.max(...majors);
}

import { RagtuiError } from '../platform/errors.ts';
import { shellWord } from '../platform/shell-word.ts';
import { runThere } from './ssh.ts';
import { absoluteThere } from './store.ts';
import { type Host, type HostFacts, hostFactsSchema } from './types.ts';

/**
 * Asked in plain `sh`: nothing is known of the host yet. A line each, "key value". `df` is asked for the folder that is
 * there: ours may have to be made. nvidia-smi hangs where a driver is broken.
 */
const QUESTIONS = `
say() { printf '%s %s\\n' "$1" "$(printf %s "$2" | tr '\\n' ' ')"; }
say home "$HOME"
say system "$(uname -s)"
say arch "$(uname -m)"
say os "$(. /etc/os-release 2>/dev/null && printf %s "$PRETTY_NAME" || uname -sr)"
say cores "$(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc 2>/dev/null || echo 1)"
say memory "$(sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo 2>/dev/null)"
say load "$(cut -d' ' -f1 /proc/loadavg 2>/dev/null)"
case "$FOLDER" in '~/'*) place="$HOME/\${FOLDER#'~/'}";; *) place="$FOLDER";; esac
while [ ! -d "$place" ]; do place=$(dirname "$place"); done
say disk "$(df -Pk "$place" 2>/dev/null | awk 'NR==2 {print $4}')"
grep -qwE 'avx512_bf16|amx_bf16|bf16' /proc/cpuinfo 2>/dev/null && say bfloat16 yes
command -v rsync >/dev/null 2>&1 && say rsync yes
command -v node >/dev/null 2>&1 && say node "$(node --version 2>/dev/null)"
command -v uv >/dev/null 2>&1 && say uv "$(uv --version 2>/dev/null)"
for python in python3 python3.12 python3.11 python3.13 python3.10; do
  command -v $python >/dev/null 2>&1 && say "python:$python" "$($python -c 'import sys; print(".".join(map(str, sys.version_info[:3])), sys.executable)' 2>/dev/null)"
done
limit=""; command -v timeout >/dev/null 2>&1 && limit="timeout 10"
if command -v sbatch >/dev/null 2>&1 && command -v sinfo >/dev/null 2>&1; then
  say slurm "$($limit sinfo --version 2>/dev/null)"
  found=$($limit sinfo -h -o '%R|%a|%l|%D|%G' 2>&1) && printf '%s\\n' "$found" | while IFS= read -r line; do say partition "$line"; done || say slurm-problem "\${found:-sinfo gives no answer}"
fi
if command -v nvidia-smi >/dev/null 2>&1; then
  found=$($limit nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader,nounits 2>&1) && printf '%s\\n' "$found" | while IFS= read -r line; do say gpu "$line"; done || say gpu-problem "$found"
fi
say end yes
`;

/** Looks at a host for the first time or again. Errors: `permission`, `network`, `not-found`, `invalid`. */
export async function askFacts({ name, folder }: Host, now: Date, signal?: AbortSignal): Promise<HostFacts> {
  const script = `FOLDER=${shellWord(folder)}\n${QUESTIONS}`;
  const stdout = await runThere(name, 'sh', { input: Buffer.from(script), ...(signal ? { signal } : {}) });
  return parseFacts(name, folder, stdout.toString('utf8'), now);
}

/** What a host answered, as facts. Lines that are not ours (a greeting) are passed over. Pure. Errors: `invalid`. */
export function parseFacts(name: string, folder: string, text: string, now: Date): HostFacts {
  const pairs = text.split('\n').map((line): [string, string] => {
    const at = line.indexOf(' ');
    return at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at + 1).trim()];
  });
  const first = (key: string): string => pairs.find(([one]) => one === key)?.[1] ?? '';
  const number = (key: string): number | null => (first(key) === '' ? null : Number(first(key)));
  const megabytes = (kilobytes: number | null): number | null =>
    kilobytes === null ? null : Math.round(kilobytes / 1024);
  const found = pairs.flatMap(([key, value]) => {
    const [, version, executable = ''] = /^([\d.]+)(?: (.*))?$/.exec(value) ?? [];
    return key.startsWith('python:') && version ? [{ name: key.slice('python:'.length), version, executable }] : [];
  });
  const able = found.find(({ version }) => runsAgent(version));
  const home = first('home');
  const parsed = hostFactsSchema.safeParse({
    checkedAt: now.toISOString(),
    system: first('system'),
    os: first('os'),
    arch: first('arch'),
    home,
    root: absoluteThere(folder, home),
    cores: Number(first('cores')),
    memoryMb: megabytes(number('memory')),
    load: number('load'),
    diskFreeMb: megabytes(number('disk')),
    gpus: pairs.flatMap(([key, value]) => (key === 'gpu' ? [gpuOf(value)] : [])),
    gpuProblem: first('gpu-problem').slice(0, 200),
    python: able ? { command: commandOf(able), version: able.version } : null,
    pythons: Object.fromEntries(found.map((one) => [one.name, one.version])),
    node: first('node').replace(/^v/, '') || null,
    uv: first('uv').split(' ')[1] ?? null,
    rsync: first('rsync') === 'yes',
    bfloat16: first('bfloat16') === 'yes',
    slurm: pairs.some(([key]) => key === 'slurm')
      ? {
          version: first('slurm').split(' ').at(-1) ?? '',
          problem: first('slurm-problem').slice(0, 200),
          partitions: pairs.flatMap(([key, value]) => (key === 'partition' ? [partitionOf(value)] : [])),
        }
      : null,
  });
  if (parsed.success && home.startsWith('/') && first('end') === 'yes') return parsed.data;
  throw new RagtuiError(
    'invalid',
    `${name} answered, but not what was asked.`,
    `"ssh ${name} sh" must run a POSIX shell that prints nothing of its own.`,
  );
}

/** The program itself: what is on PATH may be a script that looks for it, at every call. */
const commandOf = ({ name, executable }: { readonly name: string; readonly executable: string }): string =>
  /^\/[A-Za-z0-9_./+-]+$/.test(executable) ? executable : name;

function gpuOf(line: string): { name: string; memoryMb: number; driver: string } {
  const [name = '', memory = '', driver = ''] = line.split(',').map((part) => part.trim());
  // "[N/A]" where the memory is the machine's own.
  return { name, memoryMb: Number.isFinite(Number(memory)) && memory !== '' ? Number(memory) : 0, driver };
}

function partitionOf(line: string) {
  const [name = '', state = '', limit = '', nodes = '', gres = ''] = line.split('|');
  return { name, up: state === 'up', limit, nodes: Number(nodes), gres: gres === '(null)' ? '' : gres };
}

function runsAgent(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major === 3 && minor >= 6;
}

import { describe, expect, it } from 'vitest';
import { buildTools } from '../../../src/doctor/checks/build-tools.ts';
import { certificates } from '../../../src/doctor/checks/certificates.ts';
import { clipboard } from '../../../src/doctor/checks/clipboard.ts';
import { clock } from '../../../src/doctor/checks/clock.ts';
import { colours } from '../../../src/doctor/checks/colours.ts';
import { disk } from '../../../src/doctor/checks/disk.ts';
import { filesystem } from '../../../src/doctor/checks/filesystem.ts';
import { gpu } from '../../../src/doctor/checks/gpu.ts';
import { limits } from '../../../src/doctor/checks/limits.ts';
import { locale } from '../../../src/doctor/checks/locale.ts';
import { locks } from '../../../src/doctor/checks/locks.ts';
import { memory } from '../../../src/doctor/checks/memory.ts';
import { multiplexer } from '../../../src/doctor/checks/multiplexer.ts';
import { network } from '../../../src/doctor/checks/network.ts';
import { node } from '../../../src/doctor/checks/node.ts';
import { ports } from '../../../src/doctor/checks/ports.ts';
import { python } from '../../../src/doctor/checks/python.ts';
import { temporary } from '../../../src/doctor/checks/temporary.ts';
import { terminal } from '../../../src/doctor/checks/terminal.ts';
import { tools } from '../../../src/doctor/checks/tools.ts';
import { widths } from '../../../src/doctor/checks/widths.ts';
import { workspace } from '../../../src/doctor/checks/workspace.ts';
import type { Check, Finding } from '../../../src/doctor/types.ts';
import { type FakeMachine, fakeProbe } from './fake-probe.ts';

const findings = async (check: Check, machine: FakeMachine): Promise<Finding[]> =>
  [await check.run(fakeProbe(machine))].flat();

// In the form these programs and files have: the head of nvidia-smi, what it says when library and kernel module differ,
// and the files of Linux 6 in /proc. Made by hand; no GPU was at hand.
const SMI_550 = '| NVIDIA-SMI 550.54.15              Driver Version: 550.54.15      CUDA Version: 12.4     |\n';
const SMI_580 = '| NVIDIA-SMI 580.82.07              Driver Version: 580.82.07      CUDA Version: 13.0     |\n';
const MISMATCH = 'Failed to initialize NVML: Driver/library version mismatch\nNVML library version: 550.54\n';
const QUERY = 'nvidia-smi --query-gpu=name,memory.total --format=csv,noheader';
const limitsFile = (files: string, processes: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     \nMax processes             ${processes}                96365                processes \nMax open files            ${files}                20000                files     \n`;
const MOUNTS =
  'overlay / overlay rw,relatime 0 0\ntmpfs /tmp tmpfs rw,nosuid,nodev,noexec 0 0\nproc /proc proc rw 0 0\n';

type Case = readonly [
  what: string,
  check: Check,
  machine: FakeMachine,
  state: Finding['state'],
  text: RegExp,
  get?: RegExp,
];

const CASES: readonly Case[] = [
  ['a new Node', node, {}, 'ok', /v20\.20\.2/],
  ['an old Node', node, { over: { node: '18.19.0' } }, 'fail', /18\.19\.0 is too old/, /20\.20 or newer/],
  ['a Node between', node, { over: { node: '20.9.0' } }, 'fail', /too old/],

  [
    'memory that caches hold',
    memory,
    {
      over: { memory: { free: 2e8, total: 16e9 } },
      files: { '/proc/meminfo': 'MemFree: 190000 kB\nMemAvailable:   12000000 kB\n' },
    },
    'ok',
    /12\.3 GB of 16\.0 GB/,
  ],
  ['little memory', memory, { over: { memory: { free: 5e8, total: 2e9 } } }, 'warn', /500 MB of 2\.0 GB/, /1\.5 GB/],
  [
    'a container’s limit',
    memory,
    { files: { '/sys/fs/cgroup/memory.max': '1073741824\n' } },
    'warn',
    /limit of 1\.1 GB/,
  ],
  ['a container without', memory, { files: { '/sys/fs/cgroup/memory.max': 'max\n' } }, 'ok', /free$/],

  [
    'NFS under the workspace',
    filesystem,
    { over: { fileSystem: () => ({ free: 1e12, type: 0x6969 }) } },
    'fail',
    /NFS/,
    /RAGTUI_HOME/,
  ],
  ['a local disk', filesystem, {}, 'ok', /local/],

  [
    '/tmp mounted noexec',
    temporary,
    { files: { '/proc/mounts': MOUNTS } },
    'warn',
    /\/tmp is mounted noexec/,
    /TMPDIR/,
  ],
  [
    'TMPDIR beside it',
    temporary,
    { env: { TMPDIR: '/var/tmp' }, files: { '/proc/mounts': MOUNTS } },
    'ok',
    /\/var\/tmp/,
  ],
  [
    'a folder that only begins alike',
    temporary,
    { env: { TMPDIR: '/tmpfiles' }, files: { '/proc/mounts': MOUNTS } },
    'ok',
    /tmpfiles/,
  ],
  [
    'a temporary folder that cannot be written',
    temporary,
    { over: { writable: () => false } },
    'fail',
    /cannot be written/,
    /TMPDIR/,
  ],

  [
    'few open files',
    limits,
    { files: { '/proc/self/limits': limitsFile('256', '96365') } },
    'warn',
    /^256 open/,
    /ulimit -n/,
  ],
  [
    'few processes',
    limits,
    { files: { '/proc/self/limits': limitsFile('1024', '100') } },
    'warn',
    /100 processes/,
    /ulimit -u/,
  ],
  [
    'enough',
    limits,
    { files: { '/proc/self/limits': limitsFile('1024', 'unlimited') } },
    'ok',
    /any number of processes/,
  ],

  ['a clock of long ago', clock, { over: { now: 0 } }, 'fail', /1970/, /timedatectl/],
  [
    'a workspace from the future',
    clock,
    { over: { stat: () => ({ mode: 0o700, modified: Date.UTC(2026, 10, 29, 2) }) } },
    'warn',
    /120 minutes later/,
    /timedatectl/,
  ],
  ['a clock without NTP', clock, { says: { 'timedatectl show -p NTPSynchronized --value': 'no\n' } }, 'warn', /NTP/],
  ['a clock', clock, {}, 'ok', /^2026-11-29T00:00:00Z$/],

  [
    'a workspace of others',
    workspace,
    { over: { stat: () => ({ mode: 0o40755, modified: 0 }) } },
    'warn',
    /by others/,
    /chmod 700/,
  ],
  [
    'a workspace that cannot be written',
    workspace,
    { over: { writable: () => false } },
    'fail',
    /cannot be written/,
    /RAGTUI_HOME/,
  ],

  [
    'no build tools, Fedora',
    buildTools,
    { programs: ['dnf'] },
    'warn',
    /a C\+\+ compiler, make, python3/,
    /sudo dnf install gcc-c\+\+ make/,
  ],
  [
    'no make, Debian',
    buildTools,
    { programs: ['g++', 'python3', 'apt-get'] },
    'warn',
    /^make not found/,
    /sudo apt-get install g\+\+/,
  ],
  ['another compiler', buildTools, { programs: ['clang++', 'make', 'python3'] }, 'ok', /clang\+\+/],

  [
    'a Python that suits',
    python,
    {
      says: {
        'python3.12 -c import sys; print("%d.%d.%d" % sys.version_info[:3])': '3.12.4\n',
        'python3.12 -c import venv, ensurepip': '',
      },
    },
    'ok',
    /3\.12\.4/,
  ],
  [
    'Debian’s Python without venv',
    python,
    {
      programs: ['apt-get'],
      says: {
        'python3 -c import sys; print("%d.%d.%d" % sys.version_info[:3])': '3.11.2\n',
        'python3 -c import venv, ensurepip': { code: 1, stdout: '', stderr: 'No module named ensurepip' },
      },
    },
    'warn',
    /no venv/,
    /apt-get install python3\.11-venv/,
  ],
  [
    'too new a Python',
    python,
    { says: { 'python3 -c import sys; print("%d.%d.%d" % sys.version_info[:3])': '3.14.0\n' } },
    'warn',
    /found 3\.14\.0/,
    /python3\.12/,
  ],
  ['no Python', python, {}, 'warn', /none found/],

  ['no GPU', gpu, {}, 'ok', /processor/],
  [
    'a card without a driver',
    gpu,
    {
      files: {
        '/sys/bus/pci/devices/0000:01:00.0/vendor': '0x10de\n',
        '/sys/bus/pci/devices/0000:01:00.0/class': '0x030200\n',
      },
    },
    'warn',
    /no nvidia-smi/,
    /--gpus all/,
  ],
  [
    'only the sound of a card',
    gpu,
    {
      files: {
        '/sys/bus/pci/devices/0000:01:00.1/vendor': '0x10de\n',
        '/sys/bus/pci/devices/0000:01:00.1/class': '0x040300\n',
      },
    },
    'ok',
    /processor/,
  ],
  [
    'a driver too old for the engines',
    gpu,
    { says: { 'nvidia-smi': SMI_550, [QUERY]: 'NVIDIA A100-SXM4-80GB, 81920 MiB\n' } },
    'warn',
    /A100.*driver 550\.54\.15, CUDA 12\.4: the engines are built for CUDA 13/,
    /CUDA 13 or newer/,
  ],
  [
    'a driver that is new enough',
    gpu,
    { says: { 'nvidia-smi': SMI_580, [QUERY]: 'NVIDIA H200, 143771 MiB\n' } },
    'ok',
    /H200, 143771 MiB; driver 580\.82\.07, CUDA 13\.0$/,
  ],
  [
    'a driver updated while it ran',
    gpu,
    { says: { 'nvidia-smi': { code: 18, stdout: MISMATCH, stderr: '' } } },
    'fail',
    /version mismatch/,
    /restart the machine/,
  ],

  [
    'no loopback',
    ports,
    { over: { listen: async () => 'EADDRNOTAVAIL' } },
    'fail',
    /EADDRNOTAVAIL/,
    /ip link set lo up/,
  ],
  [
    'a localhost elsewhere',
    ports,
    { over: { resolve: async () => '10.0.0.7' } },
    'warn',
    /localhost is 10\.0\.0\.7/,
    /\/etc\/hosts/,
  ],

  [
    'a proxy of another kind',
    network,
    { env: { HTTPS_PROXY: 'socks5://127.0.0.1:1080' } },
    'fail',
    /not an HTTP proxy/,
    /HTTPS_PROXY/,
  ],
  [
    'a proxy with a password',
    network,
    { env: { HTTPS_PROXY: 'http://me:secret@proxy:3128' } },
    'ok',
    /^(?!.*secret).*proxy:3128/,
  ],
  [
    'certificates that only others read',
    certificates,
    { env: { SSL_CERT_FILE: '/etc/ca.pem' } },
    'warn',
    /SSL_CERT_FILE/,
    /NODE_EXTRA_CA_CERTS/,
  ],
  ['certificates that are not there', certificates, { env: { NODE_EXTRA_CA_CERTS: '/gone.pem' } }, 'fail', /gone\.pem/],
  [
    'no certificate checked',
    certificates,
    { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } },
    'warn',
    /no certificate is checked/,
  ],

  ['TERM=dumb', terminal, { env: { TERM: 'dumb' } }, 'fail', /dumb/, /TERM=xterm-256color/],
  [
    'a small window',
    terminal,
    { env: { TERM: 'xterm' }, over: { terminal: { columns: 59, rows: 24 } } },
    'warn',
    /59×24/,
    /60×20/,
  ],
  ['no terminal', terminal, { over: { terminal: null } }, 'skip', /not a terminal/],
  ['true colour', colours, { env: { TERM: 'xterm-256color', COLORTERM: 'truecolor' } }, 'ok', /true/],
  ['16 colours', colours, { env: { TERM: 'xterm' } }, 'ok', /^16;/],
  ['NO_COLOR', colours, { env: { TERM: 'xterm-256color', NO_COLOR: '1' } }, 'ok', /NO_COLOR/],
  ['no UTF-8', locale, { env: { LANG: 'C' } }, 'warn', /C is not UTF-8/, /C\.UTF-8/],
  ['LC_ALL before LANG', locale, { env: { LANG: 'en_US.UTF-8', LC_ALL: 'POSIX' } }, 'warn', /POSIX/],
  ['Chinese one cell wide', widths, { over: { cells: async () => 1 } }, 'warn', /1 cells/, /tmux -u/],
  ['frames two cells wide', widths, { over: { cells: async () => 2 } }, 'warn', /line takes 2/, /ambiguous/],
  ['a terminal that does not answer', widths, { over: { cells: async () => null } }, 'skip', /does not say/],
  ['GNU screen', multiplexer, { env: { STY: '1.a' } }, 'ok', /F8/],
  ['SSH without tmux', multiplexer, { env: { SSH_CONNECTION: '1 2 3 4' }, programs: ['tmux'] }, 'ok', /tmux new/],
  ['Terminal.app', clipboard, { env: { TERM_PROGRAM: 'Apple_Terminal' } }, 'warn', /OSC 52/, /F8/],
];

describe('one thing at a time', () => {
  it.each(CASES.map(([what, ...rest]) => ({ what, rest })))(
    '$what',
    async ({ rest: [check, machine, state, text, get] }) => {
      const [finding, ...more] = await findings(check, machine);
      expect(more).toEqual([]);
      expect(finding?.detail).toMatch(text);
      expect(finding?.state).toBe(state);
      if (get) expect(finding?.get).toMatch(get);
      // What is wrong is told with what to do about it.
      if (state === 'fail' || state === 'warn') expect(finding?.get).toBeTruthy();
    },
  );
});

it('tells the room of each folder, and of an engine’s what it wants', async () => {
  const free = (folder: string): number => (folder.endsWith('/engines') ? 3e9 : 100e9);
  const all = await findings(disk, { over: { fileSystem: (folder) => ({ free: free(folder), type: 0xef53 }) } });
  expect(all.map(({ state }) => state)).toEqual(['ok', 'ok', 'warn', 'ok']);
  expect(all[2]).toMatchObject({
    detail: expect.stringContaining('3.0 GB free'),
    get: expect.stringContaining('RAGTUI_ENGINES_CACHE'),
  });
});

it('tells of pip and mvn each for itself', async () => {
  const all = await findings(tools, { programs: ['pip', 'apk'] });
  expect(all.map(({ state, get }) => [state, get])).toEqual([
    ['ok', undefined],
    ['warn', 'sudo apk add maven'],
  ]);
});

it('asks tmux for what matters in it', async () => {
  const says = (wait: string, copy: string) => ({
    'tmux show-options -sv escape-time': `${wait}\n`,
    'tmux show-options -sv set-clipboard': `${copy}\n`,
  });
  const env = { TMUX: '/tmp/tmux-0/default,1,0' };
  expect((await findings(multiplexer, { env, says: says('10', 'external') })).map(({ state }) => state)).toEqual([
    'ok',
    'ok',
  ]);
  const bad = await findings(multiplexer, { env, says: says('500', 'off') });
  expect(bad.map(({ state }) => state)).toEqual(['warn', 'warn']);
  expect(bad.map(({ get }) => get)).toEqual([
    expect.stringContaining('escape-time 10'),
    expect.stringContaining('set-clipboard on'),
  ]);
});

it('knows a lock that somebody holds from one that a dead process left', async () => {
  const { paths } = fakeProbe();
  const own = (await import('../../../src/platform/processes.ts')).processIdentity(process.pid);
  const live = {
    [`${paths.home}/hosts.json.lock`]: JSON.stringify({ ...own, token: 'a' }),
    // As the knowledge base service leaves it, whether it runs or not.
    [paths.writerLock]: '',
  };
  expect((await findings(locks, { files: live }))[0]).toMatchObject({
    state: 'ok',
    detail: '1 held by processes that run',
  });
  const dead = {
    ...live,
    [`${paths.engines}/vllm.lock`]: JSON.stringify({ pid: process.pid, startTime: '1', token: 'b' }),
  };
  const [finding] = await findings(locks, { files: dead });
  expect(finding?.state).toBe('warn');
  expect(finding?.detail).toContain('vllm.lock');
  expect(finding?.detail).not.toMatch(/writer|hosts/);
});

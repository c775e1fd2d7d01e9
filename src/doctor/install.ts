import type { Probe } from './types.ts';

/** What is needed, by the package manager that has it. */
export interface Packages {
  readonly apt: string;
  readonly dnf: string;
  readonly apk: string;
  readonly pacman: string;
}

const COMMANDS = {
  apt: ['apt-get', 'sudo apt-get install'],
  dnf: ['dnf', 'sudo dnf install'],
  apk: ['apk', 'sudo apk add'],
  pacman: ['pacman', 'sudo pacman -S'],
} as const;
const NAMES = ['apt', 'dnf', 'apk', 'pacman'] as const;

/** The command that installs `packages` with this machine's package manager; Debian's where none is known. */
export function installCommand(probe: Pick<Probe, 'find'>, packages: Packages): string {
  const name = NAMES.find((each) => probe.find(COMMANDS[each][0])) ?? 'apt';
  return `${COMMANDS[name][1]} ${packages[name]}`;
}

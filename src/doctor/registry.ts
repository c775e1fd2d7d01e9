import { buildTools } from './checks/build-tools.ts';
import { certificates } from './checks/certificates.ts';
import { clipboard } from './checks/clipboard.ts';
import { clock } from './checks/clock.ts';
import { colours } from './checks/colours.ts';
import { database } from './checks/database.ts';
import { disk } from './checks/disk.ts';
import { engines } from './checks/engines.ts';
import { filesystem } from './checks/filesystem.ts';
import { gpu } from './checks/gpu.ts';
import { keys } from './checks/keys.ts';
import { limits } from './checks/limits.ts';
import { locale } from './checks/locale.ts';
import { locks } from './checks/locks.ts';
import { machine } from './checks/machine.ts';
import { memory } from './checks/memory.ts';
import { models } from './checks/models.ts';
import { multiplexer } from './checks/multiplexer.ts';
import { network } from './checks/network.ts';
import { node } from './checks/node.ts';
import { orphans } from './checks/orphans.ts';
import { ports } from './checks/ports.ts';
import { python } from './checks/python.ts';
import { settings } from './checks/settings.ts';
import { temporary } from './checks/temporary.ts';
import { terminal } from './checks/terminal.ts';
import { tools } from './checks/tools.ts';
import { uv } from './checks/uv.ts';
import { widths } from './checks/widths.ts';
import { workspace } from './checks/workspace.ts';
import type { Check } from './types.ts';

/** Every check, in the order they are told: this machine, the workspace, the network, engines, the terminal. */
export const CHECKS: readonly Check[] = [
  ...[node, machine, memory, disk, filesystem, temporary, limits, clock],
  ...[workspace, database, models, settings, locks, orphans],
  ...[network, certificates, keys, ports],
  ...[buildTools, tools, python, uv, engines, gpu],
  ...[terminal, colours, locale, widths, multiplexer, clipboard],
];

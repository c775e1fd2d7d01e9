import { readdirSync, readFileSync } from 'node:fs';

/** Living processes of a process group, zombies left out. Needs /proc (Linux); elsewhere empty. */
export function groupMembers(group: number): number[] {
  return processes().flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The command name may hold spaces and parentheses: fields count from the last ')'.
      const [state, , itsGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return Number(itsGroup) === group && state !== 'Z' && state !== 'X' ? [pid] : [];
    } catch {
      return []; // It ended meanwhile.
    }
  });
}

/** KILL to all of our own group but us, where we lead it (a job's worker does). Returns how many there were. */
export function killOthersOfOurGroup(): number {
  const others = groupMembers(process.pid).filter((pid) => pid !== process.pid);
  for (const pid of others) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended meanwhile.
    }
  }
  return others.length;
}

function processes(): number[] {
  try {
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
  } catch {
    return [];
  }
}

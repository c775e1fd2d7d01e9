/** The named places of the crash protocol where a test may kill us. */
export type CrashPoint = 'after_tmp' | 'after_fsync' | 'after_rename' | 'before_commit' | 'mid_flip' | 'after_commit';

/** Kills this process the hardest way when `RAGTUI_CRASH_AT` names this place; otherwise does nothing. */
export function crashPoint(name: CrashPoint): void {
  if (process.env['RAGTUI_CRASH_AT'] === name) process.kill(process.pid, 'SIGKILL');
}

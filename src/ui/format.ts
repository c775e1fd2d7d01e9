const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** 1536 → `1.5 kB` (decimal units, as disks and downloads are sold). */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  let value = Math.abs(bytes);
  let unit = 0;
  // 999.95 would print as 1000.0: the next unit begins where rounding would reach four digits.
  while (value >= (unit === 0 ? 1000 : 999.95) && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${bytes < 0 ? '-' : ''}${value.toFixed(digits)} ${BYTE_UNITS[unit]}`;
}

/** 12345 → `12,345`. */
export function formatCount(count: number): string {
  if (!Number.isFinite(count)) return '–';
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** 12345 → `12.3k`, for narrow places. */
export function formatShort(count: number): string {
  if (!Number.isFinite(count)) return '–';
  const size = Math.abs(count);
  if (size < 999.5) return Number.isInteger(count) ? String(count) : count.toFixed(size < 9.95 ? 1 : 0);
  if (size < 999_950) return `${(count / 1e3).toFixed(1)}k`;
  if (size < 999_950_000) return `${(count / 1e6).toFixed(1)}M`;
  return `${(count / 1e9).toFixed(1)}G`;
}

/** A share from 0 to 1 → `42%`; never `100%` before it is done, never `0%` once it began. */
export function formatPercent(share: number): string {
  if (!Number.isFinite(share)) return '–';
  const percent = Math.round(share * 100);
  if (percent >= 100 && share < 1) return '99%';
  if (percent <= 0 && share > 0) return '1%';
  return `${percent}%`;
}

/** Seconds → `4.2s`, `3m 05s`, `2h 04m`, `3d 4h`. */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds < 9.95) return `${seconds.toFixed(1)}s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m ${two(whole % 60)}s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ${two(minutes % 60)}m`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)}d ${hours % 24}h`;
}

/** Milliseconds → `0.3 ms`, `45 ms`, `1.20 s`. */
export function formatMillis(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '–';
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(2)} s`;
  return formatDuration(ms / 1000);
}

/** `formatRate(123.4, 'chunks')` → `123 chunks/s`. */
export function formatRate(perSecond: number | null, unit: string): string {
  if (perSecond === null || !Number.isFinite(perSecond)) return `– ${unit}/s`;
  return `${formatShort(perSecond)} ${unit}/s`;
}

/** Hours and minutes of a point in time, in local time; with the day when it is not today. */
export function formatTime(iso: string, now: Date = new Date()): string {
  const time = new Date(iso);
  if (Number.isNaN(time.getTime())) return '–';
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === now.toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

const two = (n: number): string => String(n).padStart(2, '0');

/** Figures as they are read: times, sizes, counts. */

/** "0:07", "12:30", "1:02:03"; with tenths "0:07.3". @param {number} seconds @param {0 | 1} digits after the point */
export function clock(seconds, digits = 0) {
  const scale = 10 ** digits;
  const tenths = Math.max(0, Math.floor(scale * seconds)) % scale;
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(rest).padStart(2, "0")}${digits ? `.${tenths}` : ""}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** "8 s", "3 min", "1 h 20 min". @param {number} seconds */
export function about(seconds) {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** "820 kB", "12.3 MB", "1.4 GB". @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e6) return `${Math.max(1, Math.round(bytes / 1e3))} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(bytes < 1e8 ? 1 : 0)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** "1 clip", "45 clips". @param {number} count @param {string} of */
export function counted(count, of) {
  return `${count.toLocaleString("en")} ${of}${count === 1 ? "" : "s"}`;
}

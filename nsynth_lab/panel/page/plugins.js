/** Looking for the machine's plugins: a button, how far it is, and what has come of it. */

/** @typedef {import("./types.js").Job} Job */

const KIND = "scan";

/**
 * @param {HTMLElement} line holds a status and a button
 * @param {import("./socket.js").Link} link
 * @param {() => void} found told when there may be more plugins than before
 */
export function pluginSearch(line, link, found) {
  const status = /** @type {HTMLElement} */ (line.querySelector("[role=status]"));
  const button = /** @type {HTMLButtonElement} */ (line.querySelector("button"));
  let known = "";
  let running = ""; // the name of the job
  /** @type {Job | undefined} the last one */
  let job;

  button.addEventListener("click", () => (running ? link.send("cancel", { job: running }) : link.scan()));
  link.addEventListener("jobs", (event) => {
    const jobs = /** @type {Record<string, Job>} */ (/** @type {CustomEvent} */ (event).detail.jobs);
    const [name, last] = Object.entries(jobs).find(([, { kind }]) => kind === KIND) ?? [];
    const was = running;
    job = last;
    running = name && (job?.state === "waiting" || job?.state === "running") ? name : "";
    if (was && !running) found();
    button.textContent = running ? "Stop" : "Look for plugins";
    draw();
  });

  function draw() {
    status.textContent = job ? told(job) : known;
  }

  return {
    /** @param {number} count of plugins that have been looked at */
    show(count) {
      known = count ? `${count} ${count === 1 ? "plugin" : "plugins"} known` : "No plugin of yours is known yet.";
      draw();
    },
  };
}

/** @param {Job} job */
function told({ state, done, total, says, result }) {
  if (state === "failed") return `They could not be looked for: ${says}`;
  if (state === "cancelled") return "Stopped.";
  if (state !== "done") return total ? `${done} of ${total} looked at${says ? `: ${says}` : ""}` : "Looking …";
  const { work, left_out: out } = /** @type {{ work: number, left_out: number }} */ (result);
  if (!work && !out) return "No VST3 plugin lies in this system's plugin folders.";
  return `${work} ${work === 1 ? "plugin works" : "plugins work"}${out ? `, ${out} left out: see why above` : ""}.`;
}

/** Listening to files that were made here: one at a time, begun and ended by its own button. */

/** @typedef {{ button: HTMLButtonElement, off: string }} Heard */

export class Listener {
  /** @param {(line: string) => void} say */
  constructor(say) {
    this.audio = new Audio();
    /** @type {HTMLButtonElement | null} */
    this.button = null;
    this.audio.addEventListener("ended", () => this.stop());
    this.audio.addEventListener("error", () => {
      if (this.button) say("That file cannot be heard: it may have been removed.");
      this.stop();
    });
  }

  /** Begin to play a file, or end it if it is this button's. @param {HTMLButtonElement} button @param {string} address */
  toggle(button, address) {
    const again = button === this.button;
    this.stop();
    if (again) return;
    this.button = button;
    button.setAttribute("aria-pressed", "true");
    this.audio.src = address;
    void this.audio.play().catch(() => this.stop());
  }

  stop() {
    this.audio.pause();
    this.button?.setAttribute("aria-pressed", "false");
    this.button = null;
  }

  /** End what an element that goes away plays. @param {HTMLElement} element */
  leave(element) {
    if (this.button && element.contains(this.button)) this.stop();
  }
}

/** The address of a job's file. @param {string} job @param {string} file @param {boolean} keep as a download */
export function addressOf(job, file, keep = false) {
  const query = new URLSearchParams(location.search); // a token, if there is one
  if (keep) query.set("keep", "");
  const path = file.split("/").map(encodeURIComponent).join("/");
  return `/api/jobs/${encodeURIComponent(job)}/${path}${query.size ? `?${query}` : ""}`;
}

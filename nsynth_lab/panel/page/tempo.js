/** The tempo: the sound's own, which is set here, or that of a clock of another program, which is shown. */

/** @typedef {import("./types.js").Status} Status */

/** @type {Record<Status["clock"], string>} */
const NAMES = { "": "", midi: "MIDI clock", link: "Link" };
/** @type {Record<Status["clock"], string>} what is said while nobody sends it */
const WAITS = {
  "": "",
  midi: "No MIDI clock comes yet: have a DAW or drum machine send it to the port nsynth-lab, or to one chosen above under MIDI.",
  link: "Nobody else is in the Link session yet.",
};

/** @param {HTMLElement} section @param {import("./socket.js").Link} link */
export function tempoField(section, link) {
  const field = /** @type {HTMLInputElement} */ (section.querySelector("[name=tempo]"));
  const clock = /** @type {HTMLSelectElement} */ (section.querySelector("[name=clock]"));
  const line = /** @type {HTMLElement} */ (section.querySelector("[role=status]"));
  let bpm = 120;
  const show = () => (field.value = String(Number(bpm.toFixed(1))));
  field.addEventListener("change", () => {
    const wanted = Math.min(Math.max(field.valueAsNumber, Number(field.min)), Number(field.max));
    if (!Number.isNaN(wanted)) {
      bpm = wanted;
      link.change({ tempo_bpm: wanted });
    }
    show();
  });
  clock.addEventListener("change", () => link.send("clock", { follow: clock.value }));

  return {
    /** @param {Status} status */
    show(status) {
      bpm = status.tempo_bpm;
      if (document.activeElement !== field || status.clock) show();
      if (document.activeElement !== clock) clock.value = status.clock;
      field.readOnly = status.clock !== "";
      const waits = status.clock_is === "not heard";
      const says = waits ? WAITS[status.clock] : status.clock ? `${NAMES[status.clock]} ${status.clock_is}.` : "";
      if (line.textContent !== says) line.textContent = says;
    },
  };
}

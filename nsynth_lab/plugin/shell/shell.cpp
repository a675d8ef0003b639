// The plugin as a host sees it: parameters, state and blocks. All sound is made by the engine, in its own process.
// SPDX-License-Identifier: ISC
#include "DistrhoPlugin.hpp"
#include "DistrhoPluginUtils.hpp"

#include "keeper.hpp"
#include "parameters.h"

thread_local bool nsynth_lab_offline = false;

START_NAMESPACE_DISTRHO

namespace {

constexpr uint32_t ROW_COUNT = sizeof ROWS / sizeof ROWS[0];
constexpr uint32_t PRESET_COUNT = sizeof PRESETS / sizeof PRESETS[0];
constexpr uint32_t CHOICE = ROW_COUNT, ENGINE = ROW_COUNT + 1, PANEL = ROW_COUNT + 2, PARAMETER_COUNT = ROW_COUNT + 3;
constexpr uint32_t LEAST_LEAD = 512, MOST_LEAD = 1 << 15, HELD = 8, HELD_RESAMPLING = 160;  // frames at the host's rate
constexpr uint32_t MOST_OWED = layout::AUDIO_FRAMES / 2;
constexpr double FASTER_SECONDS = 0.5, FORGOTTEN_SECONDS = 5.0;
constexpr Clock::duration LONGEST_OFFLINE = std::chrono::seconds(60);
constexpr bool IS_EFFECT = DISTRHO_PLUGIN_NUM_INPUTS > 0;
constexpr double USUAL_DELAY = layout::USUAL_DELAY_SAMPLES + (IS_EFFECT ? layout::FOLLOWED_SAMPLES : 0);
const char *const PRESET_KEY = "preset", *const CHOICE_KEY = "chosen";

double seconds(Clock::duration time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

class Shell : public Plugin {
public:
    Shell()
        : Plugin(PARAMETER_COUNT, 0, 2),
          keeper_(
              placeFile(), [this](uint32_t serial, const std::string& values) { learn(serial, values); },
              [this](const std::string& text) { setState(PRESET_KEY, text.c_str()); },
              [this](const std::string& moves) { follow(moves); }) {
        choose(USUAL_PRESET);
        setLatency(latency());
    }

protected:
    const char* getLabel() const override { return "nsynth_lab"; }
    const char* getDescription() const override { return "Recorded instruments blended by a neural network."; }
    const char* getMaker() const override { return "nsynth_lab"; }
    const char* getLicense() const override { return "ISC"; }
    uint32_t getVersion() const override { return d_version(NSYNTH_LAB_MAJOR, NSYNTH_LAB_MINOR, NSYNTH_LAB_MICRO); }
    int64_t getUniqueId() const override { return IS_EFFECT ? d_cconst('n', 's', 'L', 't') : d_cconst('n', 's', 'L', 'b'); }

    void initParameter(uint32_t index, Parameter& parameter) override {
        if (index < ROW_COUNT) {
            const Row& row = ROWS[index];
            parameter.hints = kParameterIsAutomatable;
            parameter.name = row.name;
            parameter.symbol = row.symbol;
            parameter.unit = row.unit;
            parameter.ranges = ParameterRanges(row.first, row.low, row.high);
        } else if (index == CHOICE) {
            parameter.hints = kParameterIsInteger;  // not on the audio thread, where hosts automate
            parameter.name = "Preset";
            parameter.symbol = "preset";
            parameter.ranges = ParameterRanges(USUAL_PRESET, 0, PRESET_COUNT - 1);
            auto* values = new ParameterEnumerationValue[PRESET_COUNT];
            for (uint32_t number = 0; number < PRESET_COUNT; ++number)
                values[number] = ParameterEnumerationValue(float(number), PRESETS[number].name);
            setChoices(parameter, values, PRESET_COUNT);
        } else if (index == PANEL) {
            parameter.hints = kParameterIsTrigger;
            parameter.name = "Open panel";
            parameter.symbol = "open_panel";
            parameter.ranges = ParameterRanges(0, 0, 1);
        } else {
            parameter.hints = kParameterIsOutput | kParameterIsInteger;
            parameter.name = "Engine";
            parameter.symbol = "engine";
            parameter.ranges = ParameterRanges(Keeper::STARTING, Keeper::STARTING, Keeper::TROUBLE);
            auto* values = new ParameterEnumerationValue[4];
            values[0] = ParameterEnumerationValue(Keeper::STARTING, "starting");
            values[1] = ParameterEnumerationValue(Keeper::PLAYING, "playing");
            values[2] = ParameterEnumerationValue(Keeper::LOST, "lost, coming back");
            values[3] = ParameterEnumerationValue(Keeper::TROUBLE, "trouble: nsynth-lab plugin status");
            setChoices(parameter, values, 4);
        }
    }

    void initState(uint32_t index, State& state) override {
        state.key = index == 0 ? PRESET_KEY : CHOICE_KEY;
        state.label = index == 0 ? "Preset" : "Chosen preset";
        state.hints = 0;
        state.defaultValue = index == 0 ? PRESETS[USUAL_PRESET].text : PRESETS[USUAL_PRESET].name;
    }

    float getParameterValue(uint32_t index) const override {
        if (index < ROW_COUNT)
            return values_[index];
        return index == CHOICE ? float(chosen_) : index == PANEL ? 0.0f : float(keeper_.state);
    }

    void setParameterValue(uint32_t index, float value) override {
        if (index < ROW_COUNT) {
            values_[index] = value;
            set_[index] = true;
            moved_[index] = true;
        } else if (index == CHOICE) {
            const uint32_t wanted = std::min(uint32_t(std::max(value, 0.0f) + 0.5f), PRESET_COUNT - 1);
            if (wanted != chosen_)
                choose(wanted);
        } else if (index == PANEL && value > 0.5f) {
            keeper_.openPanel();
        }
    }

    String getState(const char* key) const override {
        return String(std::strcmp(key, PRESET_KEY) == 0 ? keeper_.text().c_str() : PRESETS[chosen_].name);
    }

    // A text that no engine can read is kept and saved again all the same.
    void setState(const char* key, const char* value) override {
        if (std::strcmp(key, PRESET_KEY) == 0) {
            forget();
            keeper_.play(value);
        } else if (std::strcmp(key, CHOICE_KEY) == 0) {
            for (uint32_t number = 0; number < PRESET_COUNT; ++number)
                if (std::strcmp(PRESETS[number].name, value) == 0)
                    chosen_ = number;
        }
    }

    void activate() override {
        begun_ = false;
        ahead_ = 0.0;
        setLatency(latency());
        keeper_.begin(uint32_t(getSampleRate() + 0.5), leadOf());
    }

    void sampleRateChanged(double) override { setLatency(latency()); }
    void bufferSizeChanged(uint32_t) override { setLatency(latency()); }

#if DISTRHO_PLUGIN_WANT_MIDI_INPUT
    void run(const float** inputs, float** outputs, uint32_t frames, const MidiEvent* events, uint32_t count) override {
#else
    void run(const float** inputs, float** outputs, uint32_t frames) override {
        const MidiEvent* const events = nullptr;
        const uint32_t count = 0;
#endif
        const bool offline = isOffline(frames);
        std::unique_lock<std::mutex> lock(keeper_.mutex, std::defer_lock);
        Link* link = sessionOf(lock, offline);
        for (uint32_t done = 0, next = 0; done < frames;) {
            const uint32_t size = std::min(frames - done, layout::LARGEST_BLOCK_FRAMES);
            float *left = outputs[0] + done, *right = outputs[1] + done;
            while (next < count && events[next].frame < done)
                ++next;
            if (IS_EFFECT && link != nullptr)
                link->give(inputs[0] + done, inputs[1] + done, size);
            if (link == nullptr || !playBlock(*link, left, right, size, done, events, count, next, offline)) {
                std::fill(left, left + size, 0.0f);
                std::fill(right, right + size, 0.0f);
            }
            done += size;
        }
        for (uint32_t index = 0; index < ROW_COUNT; ++index)
            if (news_[index].exchange(false))
                requestParameterValueChange(index, values_[index]);
        if (link != nullptr) {
            delaySeconds_ = double(link->delay) / link->rate;
            setLatency(latency());
        }
    }

private:
    std::atomic<float> values_[ROW_COUNT] = {};
    std::atomic<bool> set_[ROW_COUNT] = {}, moved_[ROW_COUNT] = {};  // by the host, since the preset; since the block
    std::atomic<bool> news_[ROW_COUNT] = {};                         // by us, and the host does not know it yet
    std::atomic<uint32_t> chosen_{USUAL_PRESET};
    double delaySeconds_ = USUAL_DELAY / 48000.0;  // of the effects of what played last
    bool begun_ = false, lost_ = false;
    Clock::time_point last_{};
    double ahead_ = 0.0;  // seconds by which the host has been faster than real time
    Keeper keeper_;       // last, so that its thread ends first

    // Beside the plugin: its file with another ending.
    static std::string placeFile() {
        if (const char* given = std::getenv("NSYNTH_LAB_PLUGIN_ENGINE"))
            return given;
        const char* file = getBinaryFilename();
        const std::string path = file != nullptr ? file : "";
        return path.substr(0, path.rfind('.')) + ".engine";
    }

    static void setChoices(Parameter& parameter, ParameterEnumerationValue* values, uint32_t count) {
        parameter.enumValues.count = uint8_t(count);
        parameter.enumValues.restrictedMode = true;
        parameter.enumValues.values = values;
    }

    // What the host hears later than it asks: a block, what the engine holds back, and at least 11 ms.
    uint32_t leadOf() const {
        const double rate = getSampleRate();
        const uint32_t held = uint32_t(std::lround(rate) == 48000 ? HELD : HELD_RESAMPLING * std::max(1.0, rate / 48000.0));
        const uint32_t least = uint32_t(LEAST_LEAD * std::max(1.0, rate / 48000.0));
        return std::min(std::max(getBufferSize() + held, least), MOST_LEAD);
    }

    uint32_t latency() const { return leadOf() + uint32_t(std::lround(delaySeconds_ * getSampleRate())); }

    void choose(uint32_t number) {
        chosen_ = number;
        forget();
        for (uint32_t index = 0; index < ROW_COUNT; ++index)
            show(index, PRESETS[number].values[index]);
        keeper_.play(PRESETS[number].text);
    }

    // Parameters are those of the preset again.
    void forget() {
        for (uint32_t index = 0; index < ROW_COUNT; ++index)
            set_[index] = moved_[index] = false;
    }

    void learn(uint32_t serial, const std::string& text) {
        std::istringstream words(text);
        float value;
        for (uint32_t index = 0; index < ROW_COUNT && words >> value; ++index)
            if (serial == keeper_.serial && !set_[index])
                show(index, value);
    }

    // The panel has moved parameters: `moves` are pairs of a row and its value.
    void follow(const std::string& moves) {
        std::istringstream words(moves);
        uint32_t index;
        float value;
        while (words >> index >> value)
            if (index < ROW_COUNT && !moved_[index]) {
                set_[index] = false;  // the preset has it
                show(index, value);
            }
    }

    void show(uint32_t index, float value) {
        if (values_[index].exchange(value) != value)
            news_[index] = true;
    }

    // Whether the host says that it bounces, or has been faster than real time for a while.
    bool isOffline(uint32_t frames) {
        const Clock::time_point now = Clock::now();
        if (begun_)
            ahead_ = std::max(0.0, ahead_ - seconds(now - last_));
        begun_ = true;
        last_ = now;
        const double block = frames / getSampleRate();
        ahead_ = ahead_ * std::exp(-block / FORGOTTEN_SECONDS) + block;
        return nsynth_lab_offline || ahead_ - block > FASTER_SECONDS;
    }

    // The session of this activation; offline one waits for it, live there may be none yet.
    Link* sessionOf(std::unique_lock<std::mutex>& lock, bool offline) {
        const Clock::time_point deadline = Clock::now() + LONGEST_OFFLINE;
        for (;;) {
            if (offline)
                lock.lock();
            else if (!lock.try_lock())
                return nullptr;
            Link* link = keeper_.link.get();
            if (link != nullptr && link->alive && link->epoch == keeper_.epoch) {
                const uint32_t ready = link->ready;
                if (offline ? ready == keeper_.serial : ready != 0)
                    return link;
                if (link->silent == keeper_.serial)
                    return nullptr;
            }
            if (!offline || Clock::now() > deadline)
                return nullptr;
            lock.unlock();
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    // Live: half a block, and as much as the host is early where it asks for several blocks at once.
    Clock::duration patience(uint32_t size, bool offline) const {
        if (offline)
            return LONGEST_OFFLINE;
        const double block = size / getSampleRate();
        const double most = 0.5 * block + std::max(0.0, ahead_ - block);
        return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(most));
    }

    bool playBlock(Link& link, float* left, float* right, uint32_t size, uint32_t first, const MidiEvent* events,
                   uint32_t count, uint32_t next, bool offline) {
        if (link.owed() > MOST_OWED || link.room() < ROW_COUNT + 32) {
            lost_ = true;  // the engine stands still
            return false;
        }
        if (lost_)
            for (uint32_t channel = 0; channel < 16; ++channel)
                link.post(layout::RECORD_MIDI, 0, (0xB0 | channel) | 120 << 8);  // all sound off
        lost_ = false;
        const uint32_t ready = link.ready;  // another preset knows nothing yet of what the host has set since
        for (uint32_t index = 0; index < ROW_COUNT; ++index)
            if (moved_[index].exchange(false) || (link.told != ready && set_[index]))
                link.post(layout::RECORD_PARAMETER, 0, index, values_[index]);
        for (; next < count && events[next].frame < first + size; ++next) {
            const MidiEvent& event = events[next];
            if (event.size == 0 || event.size > 3 || event.data[0] >= 0xF0 || link.room() < 2)
                continue;
            uint32_t bytes = 0;
            for (uint32_t at = 0; at < event.size; ++at)
                bytes |= uint32_t(event.data[at]) << 8 * at;
            link.post(layout::RECORD_MIDI, event.frame - first, bytes);
        }
        link.told = ready;
        const bool asleep = link.ask(size, offline);
        const Clock::time_point deadline = Clock::now() + patience(size, offline);
        if (!link.take(left, right, size, deadline, asleep) && offline && link.alive)
            link.alive = false;  // it stands still: another session may do better
        return true;
    }
};

Plugin* createPlugin() { return new Shell(); }

END_NAMESPACE_DISTRHO

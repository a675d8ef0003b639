// Keeper: a thread that keeps a session with the engine: starts the engine where none runs, and comes back when it has
// crashed. It never holds the audio thread up. SPDX-License-Identifier: ISC
#pragma once

#include <fstream>
#include <csignal>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <thread>
#include <vector>

#include "link.hpp"

extern char** environ;

// Where the engine is: written by `nsynth-lab plugin install` beside the plugin.
struct Place {
    std::string socket;
    std::vector<std::string> command;

    // Lines of `word=value`: `socket` once, `command` for each argument.
    static Place read(const std::string& path) {
        Place place;
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) {
            const size_t at = line.find('=');
            if (at == std::string::npos)
                continue;
            const std::string word = line.substr(0, at), value = line.substr(at + 1);
            if (word == "socket")
                place.socket = value;
            else if (word == "command")
                place.command.push_back(value);
        }
        return place;
    }
};

class Keeper {
public:
    enum State { STARTING, PLAYING, LOST, TROUBLE };
    std::atomic<int> state{STARTING};

    // `values(serial, text)` is told what a preset has for each parameter, `use(text)` which preset the user wants,
    // `moved(text)` which parameters the panel has moved, and where to.
    Keeper(std::string placeFile, std::function<void(uint32_t, const std::string&)> values,
           std::function<void(const std::string&)> use, std::function<void(const std::string&)> moved)
        : placeFile_(std::move(placeFile)), values_(std::move(values)), use_(std::move(use)), moved_(std::move(moved)) {
        std::random_device chance;
        for (int part = 0; part < 4; ++part)
            name_ += std::to_string(chance()) + (part < 3 ? "-" : "");
    }

    ~Keeper() {
        if (!thread_.joinable())
            return;
        leaving_ = true;
        nudge();
        thread_.join();
        close(news_[0]);
        close(news_[1]);
    }

    // From now on a new session, at this rate and with this lead.
    void begin(uint32_t rate, uint32_t lead) {
        {
            const std::lock_guard<std::mutex> lock(wanted_);
            rate_ = rate;
            lead_ = lead;
            ++epoch;
        }
        if (!thread_.joinable()) {
            if (pipe(news_) != 0)
                return;
            for (int end : news_) {
                fcntl(end, F_SETFD, FD_CLOEXEC);
                fcntl(end, F_SETFL, O_NONBLOCK);
            }
            thread_ = std::thread([this] { run(); });
        }
        nudge();
    }

    // From now on this preset; returns its serial number.
    uint32_t play(const std::string& text) {
        const std::lock_guard<std::mutex> lock(wanted_);
        text_ = text;
        ++serial;
        nudge();
        return serial;
    }

    // Have the panel opened; from any thread.
    void openPanel() {
        panel_ = true;
        nudge();
    }

    std::string text() const {
        const std::lock_guard<std::mutex> lock(wanted_);
        return text_;
    }

    std::mutex mutex;            // held while `link` is used or changed
    std::unique_ptr<Link> link;  // none while there is no engine
    std::atomic<uint32_t> epoch{0}, serial{1};

private:
    const std::string placeFile_;
    const std::function<void(uint32_t, const std::string&)> values_;
    const std::function<void(const std::string&)> use_, moved_;
    std::string name_;  // of this instance, in all its sessions
    mutable std::mutex wanted_;
    uint32_t rate_ = 48000, lead_ = 512;
    std::string text_;
    std::atomic<bool> leaving_{false}, panel_{false};
    int news_[2] = {-1, -1};
    std::thread thread_;
    static constexpr auto QUICK = std::chrono::milliseconds(300);
    Clock::time_point mayStart_{}, mayOpen_{}, opened_{};
    std::string told_;

    void nudge() {
        const char byte = 0;
        if (news_[1] >= 0)
            (void)!write(news_[1], &byte, 1);
    }

    void run() {
        while (!leaving_) {
            if (link != nullptr && (link->epoch != epoch || !link->alive))
                drop();
            if (link == nullptr)
                connect();
            if (link != nullptr)
                sayPreset();
            if (link != nullptr && link->ready != 0 && panel_.exchange(false))
                link->say(layout::SAY_PANEL, "");
            rest();
            if (link != nullptr)
                listen();
        }
        drop();
    }

    void drop() {
        if (link != nullptr && !link->alive) {
            state = LOST;
            tell("the engine has gone; silence until it is back");
            if (Clock::now() - opened_ < QUICK)
                mayOpen_ = Clock::now() + QUICK;  // it fails again and again
        }
        if (link != nullptr)
            link->alive = false;  // the audio thread waits no more
        std::unique_ptr<Link> old;
        const std::lock_guard<std::mutex> lock(mutex);
        old = std::move(link);
    }

    void connect() {
        const Place place = Place::read(placeFile_);
        if (place.socket.empty() || place.command.empty()) {
            state = TROUBLE;
            tell(placeFile_ + " does not say where the engine is; run: nsynth-lab plugin install");
            return;
        }
        if (Clock::now() < mayOpen_)
            return;
        std::unique_ptr<Link> made;
        {
            const std::lock_guard<std::mutex> lock(wanted_);
            made.reset(new Link(epoch, rate_, lead_));
        }
        if (made->open(place.socket, name_)) {
            opened_ = Clock::now();
            const std::lock_guard<std::mutex> lock(mutex);
            link = std::move(made);
        } else if (Clock::now() >= mayStart_) {
            mayStart_ = Clock::now() + std::chrono::seconds(3);
            start(place.command);
        }
    }

    // The command starts a process of its own and ends at once.
    void start(const std::vector<std::string>& command) {
        std::vector<char*> words;
        for (const std::string& word : command)
            words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        posix_spawnattr_t fresh;  // no signal is blocked or ignored, whatever the host does with its own
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_init(&fresh);
        posix_spawnattr_setsigmask(&fresh, &none);
        posix_spawnattr_setsigdefault(&fresh, &all);
        posix_spawnattr_setflags(&fresh, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        pid_t child;
        if (posix_spawn(&child, words[0], nullptr, &fresh, words.data(), environ) == 0)
            waitpid(child, nullptr, 0);
        else
            tell(command[0] + " cannot be started; run: nsynth-lab plugin install");
        posix_spawnattr_destroy(&fresh);
    }

    void sayPreset() {
        std::string text;
        uint32_t number;
        {
            const std::lock_guard<std::mutex> lock(wanted_);
            if (link->sent == serial)
                return;
            number = serial;
            text = std::to_string(number) + "\n" + text_.substr(0, layout::LONGEST_TEXT_BYTES / 2);  // refused anyway
        }
        if (link->say(layout::SAY_PRESET, text))
            link->sent = number;
        else
            link->alive = false;
    }

    void rest() {
        pollfd news[2] = {{news_[0], POLLIN, 0}, {link != nullptr ? link->socket() : -1, POLLIN, 0}};
        poll(news, 2, link != nullptr ? 1000 : 20);
        char bytes[64];
        while (read(news_[0], bytes, sizeof bytes) > 0) {
        }
    }

    void listen() {
        uint32_t kind;
        std::string text;
        while (link->hear(kind, text)) {
            std::istringstream words(text);
            uint32_t number = 0, late = 0;
            switch (kind) {
            case layout::SAY_READY:
                words >> number >> late;
                link->delay = late;
                link->ready = number;
                if (state != TROUBLE)
                    state = PLAYING;
                break;
            case layout::SAY_VALUES: {
                words >> number;
                std::string rest;
                std::getline(words, rest);
                state = PLAYING;
                values_(number, rest);
                break;
            }
            case layout::SAY_SILENT:
                words >> number;
                link->silent = number;
                break;
            case layout::SAY_USE:
                use_(text);
                break;
            case layout::SAY_KEPT:
                keep(text);
                break;
            case layout::SAY_TROUBLE:
                state = TROUBLE;
                tell(text);
                break;
            }
        }
    }

    // What the panel has made of the preset that plays; where another one has been chosen meanwhile, nothing.
    void keep(const std::string& said) {
        const size_t end = said.find('\n');
        std::istringstream words(said.substr(0, end));
        uint32_t number = 0;
        words >> number;
        if (end == std::string::npos)
            return;
        {
            const std::lock_guard<std::mutex> lock(wanted_);
            if (number != serial)
                return;
            text_ = said.substr(end + 1);
        }
        std::string rest;
        std::getline(words, rest);
        moved_(rest);
    }

    void tell(const std::string& line) {
        if (line != told_)
            std::fprintf(stderr, "nsynth-lab: %s\n", line.c_str());
        told_ = line;
    }
};

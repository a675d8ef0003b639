// Link: one session with the engine, from an activation to the next: the memory, two pipes and the socket.
// `post` and `take` belong to the audio thread, the rest to the thread that made it. See layout.py.
// SPDX-License-Identifier: ISC
#pragma once

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <string>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "DistrhoPluginInfo.h"
#include "layout.h"

using Clock = std::chrono::steady_clock;

class Link {
public:
    const uint32_t epoch, rate, lead;
    std::atomic<bool> alive{true};
    std::atomic<uint32_t> ready{0};  // serial number of the preset that plays
    std::atomic<uint32_t> silent{0}; // of one in whose place nothing plays
    std::atomic<uint32_t> delay{0};  // frames by which its effects are late
    uint32_t sent = 0;               // serial number of the preset that was sent last
    uint32_t told = 0;               // serial number of the preset that was told the parameters; of the audio thread

    Link(uint32_t epochNow, uint32_t rateHz, uint32_t leadFrames) : epoch(epochNow), rate(rateHz), lead(leadFrames) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;

    ~Link() {
        if (memory_ != nullptr)
            munmap(memory_, layout::MEMORY_BYTES);
        for (int fd : {toEngine_[0], toEngine_[1], fromEngine_[0], fromEngine_[1], socket_})
            if (fd >= 0)
                close(fd);
    }

    int socket() const { return socket_; }

    // Whether an engine has taken the session.
    bool open(const std::string& path, const std::string& name) { return connectTo(path) && makeMemory() && sayHello(name); }

    bool say(uint32_t kind, const std::string& text) { return send(kind, text, nullptr, 0); }

    // The next whole message; false without one. `alive` is false when the engine has gone.
    bool hear(uint32_t& kind, std::string& text) {
        char bytes[4096];
        ssize_t got;
        while ((got = recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
            heard_.append(bytes, size_t(got));
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
            alive = false;
        uint32_t head[2];
        if (heard_.size() < sizeof head)
            return false;
        std::memcpy(head, heard_.data(), sizeof head);
        if (head[1] > layout::LONGEST_TEXT_BYTES) {
            alive = false;
            return false;
        }
        if (heard_.size() < sizeof head + head[1])
            return false;
        kind = head[0];
        text = heard_.substr(sizeof head, head[1]);
        heard_.erase(0, sizeof head + head[1]);
        return true;
    }

    // How many more records there is room for.
    uint32_t room() const { return layout::RECORDS - uint32_t(asked_ - counter(layout::AT_DONE).load(std::memory_order_acquire)); }

    // Frames asked for that the engine has not made yet.
    uint64_t owed() const { return posted_ - counter(layout::AT_MADE).load(std::memory_order_acquire); }

    void post(uint32_t kind, uint32_t frame, uint32_t number, float value = 0.0f) {
        char* at = memory_ + layout::AT_RECORDS + 16 * (asked_ % layout::RECORDS);
        const uint32_t whole[3] = {kind, frame, number};
        std::memcpy(at, whole, sizeof whole);
        std::memcpy(at + sizeof whole, &value, sizeof value);
        ++asked_;
    }

    // What the host plays into the effect, before `ask` for as many frames.
    void give(const float* left, const float* right, uint32_t frames) {
        float most = 0.0f;
        for (uint32_t at = 0; at < frames; ++at) {
            const float pair[2] = {left[at], right[at]};
            std::memcpy(memory_ + layout::AT_INPUT + 8 * ((posted_ + at) % layout::AUDIO_FRAMES), pair, sizeof pair);
            most = std::max({most, std::abs(pair[0]), std::abs(pair[1])});
        }
        if (most > SILENT)
            quiet_ = ~uint64_t(0);  // to be heard at once
    }

    // End the block: the engine is asked for its frames. Returns whether it sleeps, so that they are silence.
    bool ask(uint32_t frames, bool offline) {
        std::atomic<uint32_t>& sleeps = *reinterpret_cast<std::atomic<uint32_t>*>(memory_ + layout::AT_ASLEEP);
        if (asked_ != quiet_ || offline)
            sleeps.store(0, std::memory_order_release);
        const bool asleep = sleeps.load(std::memory_order_acquire) != 0;
        post(layout::RECORD_BLOCK, 0, frames);
        quiet_ = asked_;
        posted_ += frames;
        number(layout::AT_OFFLINE) = offline;
        counter(layout::AT_ASKED).store(asked_, std::memory_order_release);
        if (!asleep || owed() > layout::ASLEEP_FRAMES || room() < layout::RECORDS / 2) {
            const char byte = 0;
            (void)!write(toEngine_[1], &byte, 1);
        }
        return asleep;
    }

    // The last `frames` that are due by now; waits for them until `deadline`, then gives silence. False if it had to.
    bool take(float* left, float* right, uint32_t frames, Clock::time_point deadline, bool asleep) {
        const int64_t end = int64_t(posted_) - lead, begin = end - frames;
        const auto& made = counter(layout::AT_MADE);
        counter(layout::AT_NEEDED).store(uint64_t(std::max<int64_t>(end, 0)), std::memory_order_release);
        while (!asleep && int64_t(made.load(std::memory_order_acquire)) < end && alive && Clock::now() < deadline)
            rest(deadline);
        const int64_t there = std::min(end, int64_t(made.load(std::memory_order_acquire)));
        for (int64_t at = begin; at < end; ++at) {
            float pair[2] = {0.0f, 0.0f};
            if (at >= 0 && at < there)
                std::memcpy(pair, memory_ + layout::AT_AUDIO + 8 * (uint64_t(at) % layout::AUDIO_FRAMES), sizeof pair);
            left[at - begin] = pair[0];
            right[at - begin] = pair[1];
        }
        return asleep || there == end || end <= 0;
    }

private:
    static constexpr float SILENT = 1e-6f;
    char* memory_ = nullptr;
    int toEngine_[2] = {-1, -1}, fromEngine_[2] = {-1, -1}, socket_ = -1;
    uint64_t asked_ = 0, posted_ = 0;
    uint64_t quiet_ = 0;  // `asked_` behind the last block: whatever is posted since is more than a block
    std::string heard_;

    std::atomic<uint64_t>& counter(uint32_t at) const { return *reinterpret_cast<std::atomic<uint64_t>*>(memory_ + at); }
    uint32_t& number(uint32_t at) const { return *reinterpret_cast<uint32_t*>(memory_ + at); }

    void rest(Clock::time_point deadline) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        pollfd news{fromEngine_[0], POLLIN, 0};
        if (poll(&news, 1, int(std::clamp<long long>(left, 1, 50))) > 0) {
            char bytes[256];
            (void)!read(fromEngine_[0], bytes, sizeof bytes);
        }
    }

    bool connectTo(const std::string& path) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (path.size() >= sizeof address.sun_path)
            return false;
        std::memcpy(address.sun_path, path.data(), path.size());
        socket_ = ::socket(AF_UNIX, SOCK_STREAM, 0);
        if (socket_ < 0 || fcntl(socket_, F_SETFD, FD_CLOEXEC) < 0)
            return false;
        return connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    }

    // The memory has no name once it is open: nothing is left over, whoever crashes.
    bool makeMemory() {
        static std::atomic<unsigned> count{0};
        const std::string name = "/nsynth-lab-" + std::to_string(getpid()) + "-" + std::to_string(count++);
        const int fd = shm_open(name.c_str(), O_CREAT | O_EXCL | O_RDWR, 0600);
        if (fd < 0)
            return false;
        shm_unlink(name.c_str());
        memoryFd_ = fd;
        if (ftruncate(fd, layout::MEMORY_BYTES) != 0)
            return false;
        void* at = mmap(nullptr, layout::MEMORY_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
            return false;
        memory_ = static_cast<char*>(at);
        std::memcpy(memory_ + layout::AT_MAGIC, &layout::MAGIC, sizeof layout::MAGIC);
        number(layout::AT_VERSION) = layout::VERSION;
        number(layout::AT_RATE) = rate;
        number(layout::AT_LEAD) = lead;
        number(layout::AT_INPUTS) = DISTRHO_PLUGIN_NUM_INPUTS;
        return makePipe(toEngine_) && makePipe(fromEngine_);
    }

    static bool makePipe(int (&ends)[2]) {
        if (pipe(ends) != 0)
            return false;
        for (int end : ends)
            if (fcntl(end, F_SETFD, FD_CLOEXEC) < 0 || fcntl(end, F_SETFL, O_NONBLOCK) < 0)
                return false;
        return true;
    }

    bool sayHello(const std::string& name) {
        const int given[3] = {memoryFd_, toEngine_[0], fromEngine_[1]};
        const bool said = send(layout::SAY_HELLO, std::to_string(layout::VERSION) + "\n" + name, given, 3);
        for (int* end : {&memoryFd_, &toEngine_[0], &fromEngine_[1]}) {
            close(*end);
            *end = -1;
        }
        return said;
    }

    bool send(uint32_t kind, const std::string& text, const int* fds, size_t count) {
        const uint32_t head[2] = {kind, uint32_t(text.size())};
        std::string bytes(reinterpret_cast<const char*>(head), sizeof head);
        bytes += text;
        iovec part{&bytes[0], bytes.size()};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
        if (count > 0) {
            message.msg_control = control;
            message.msg_controllen = CMSG_SPACE(count * sizeof(int));
            cmsghdr* rights = CMSG_FIRSTHDR(&message);
            rights->cmsg_level = SOL_SOCKET;
            rights->cmsg_type = SCM_RIGHTS;
            rights->cmsg_len = CMSG_LEN(count * sizeof(int));
            std::memcpy(CMSG_DATA(rights), fds, count * sizeof(int));
        }
        while (part.iov_len > 0) {
            const ssize_t gone = sendmsg(socket_, &message, MSG_NOSIGNAL);
            if (gone < 0 && errno == EINTR)
                continue;
            if (gone <= 0)
                return false;
            part.iov_base = static_cast<char*>(part.iov_base) + gone;
            part.iov_len -= size_t(gone);
            message.msg_control = nullptr;
            message.msg_controllen = 0;
        }
        return true;
    }

    int memoryFd_ = -1;
};

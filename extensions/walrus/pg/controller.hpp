// The worker's part between the law and the server: takes samples, has them judged, applies what
// was decided, and tells about it.
//
// A change that fails never ends the worker: walrus then only advises, and tries again later,
// waiting longer each time. Nothing is learned twice: the law's state knows of a change only once
// the server has taken it.
#pragma once
#include "core/law.hpp"
#include "core/remembered.hpp"
#include "pg/recorder.hpp"
#include "pg/requests.hpp"
#include "pg/sampler.hpp"
#include "pg/shared.hpp"
#include "pg/worker_clock.hpp"
#include "pgcrew/server_error.hpp"
#include "pgcrew/worker.hpp"

namespace pgcrew::walrus {

class Controller : NoCopy {
  public:
    Controller(Worker &worker, uint32 wait_event);

    void tick();           // one look and what follows from it
    void serve_requests(); // of sessions
    void reloaded();       // the configuration
    void save();           // to the state file
    std::chrono::milliseconds tick_interval() const;

  private:
    void judge(const Look &);
    Config config() const;
    Standing standing(const Environment &) const;
    void announce(const Decision &, const Config &);
    void advise(const Decision &);
    void warn_of_limit(const Decision &, const Config &);
    void note_external_change(const Decision &, int before_mb);

    bool change(const Decision &);                // true: in force
    std::optional<ServerErrorData> write(int mb); // ALTER SYSTEM and reload; 0: RESET
    bool wait_until_in_force(int mb);             // 0: until RESET is
    void failed(const Decision &, const ServerErrorData &);
    void succeeded(const Decision &, int old_mb);
    void back_off(Standing, const Decision &);
    void forget_failure();
    void settle_pending();

    Answer serve(Request);
    Answer serve_apply();
    Answer serve_restore();
    Answer serve_reset();

    void remember_original();
    void recall();
    void record_minute(const Sample &);
    void add_event(EventKind, int old_mb, int new_mb, const Decision &, int sqlstate = 0);
    void publish();
    std::int64_t wall(std::int64_t monotonic) const; // 0 stays 0

    Worker &worker_;
    uint32 wait_event_;
    WorkerClock clock_;
    Sampler sampler_;
    Recorder recorder_;
    State state_;
    Picture picture_{};
    std::optional<Sample> last_;      // the sample before
    std::optional<Decision> pending_; // written, and not taken by the server
    bool statistics_missing_ = false;
    int retries_ = 0;
    std::int64_t retry_at_ = 0; // monotonic; 0: nothing failed
    std::int64_t saved_at_ = 0;
    // what was said last, for states are told when they change
    Limit limit_told_ = Limit::None;
    int cap_told_ = 0;
    std::int64_t limit_bound_at_ = 0; // monotonic
    bool override_told_ = false;      // the command line lasts as long as the server
    std::optional<Reason> block_told_;
    std::int64_t block_told_for_ = 0; // the change it waited for
};
} // namespace pgcrew::walrus

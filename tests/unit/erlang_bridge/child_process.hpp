// A program that a test runs beside itself; it ends with the test, however that ends.
#pragma once
#include <csignal>
#include <fcntl.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace pgcrew::erlang_bridge {

class ChildProcess {
  public:
    explicit ChildProcess(std::vector<std::string> command) {
        std::vector<char *> arguments;
        for (std::string &argument : command)
            arguments.push_back(argument.data());
        arguments.push_back(nullptr);
        pid_ = fork();
        if (pid_ < 0)
            throw std::system_error(errno, std::generic_category(), "fork");
        if (pid_ > 0)
            return;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
        dup2(null, STDIN_FILENO);
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
        execvp(arguments[0], arguments.data());
        _exit(127);
    }
    ~ChildProcess() {
        if (reaped_)
            return;
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    ChildProcess(const ChildProcess &) = delete;
    ChildProcess &operator=(const ChildProcess &) = delete;

    void signal(int number) const { kill(pid_, number); }
    void stop() const { // every thread of it stands still when this returns
        kill(pid_, SIGSTOP);
        waitpid(pid_, nullptr, WUNTRACED);
    }
    bool running() {
        reaped_ = reaped_ || waitpid(pid_, nullptr, WNOHANG) == pid_;
        return !reaped_;
    }

  private:
    pid_t pid_;
    bool reaped_ = false;
};

} // namespace pgcrew::erlang_bridge

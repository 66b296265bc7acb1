// How a layer spreads its work. Layers cut their work into tasks whose results do not depend on who runs them or in
// which order; who runs them is the runtime's affair.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace mobileclip {

/// A borrowed callable `void(std::size_t task, int worker)`: two pointers, no allocation. Does not outlive its target.
class TaskRef {
 public:
  template <typename F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, TaskRef>) TaskRef(F&& f)  // NOLINT(google-explicit-constructor)
      : target_(const_cast<void*>(static_cast<const void*>(std::addressof(f)))),
        call_([](void* target, std::size_t task, int worker) {
          (*static_cast<std::remove_reference_t<F>*>(target))(task, worker);
        }) {}
  void operator()(std::size_t task, int worker) const { call_(target_, task, worker); }

 private:
  void* target_;
  void (*call_)(void*, std::size_t, int);
};

class Parallel {
 public:
  virtual ~Parallel() = default;
  /// Most workers that ever run a task of one run() at the same time; `worker` is below it and names scratch memory.
  [[nodiscard]] virtual int max_workers() const = 0;
  /// Calls task(0 … tasks - 1), each once, and returns when all are done. Tasks must not throw.
  virtual void run(std::size_t tasks, TaskRef task) = 0;
};

/// Everything on the calling thread.
class Serial final : public Parallel {
 public:
  [[nodiscard]] int max_workers() const override { return 1; }
  void run(std::size_t tasks, TaskRef task) override {
    for (std::size_t i = 0; i < tasks; ++i) task(i, 0);
  }
};

}  // namespace mobileclip

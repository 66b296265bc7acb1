// Google Benchmark over every kernel of every instruction set that this CPU has, on one thread.
//
//   mobileclip-kernels-bench [--benchmark_filter=REGEX] [--benchmark_repetitions=N] …
//
// Each kernel is first compared with plain loops; where it is wrong, an error stands instead of a time. "peak" is the
// percentage of what this core was found to do at most just before: multiply-adds a second for the products, memcpy's
// bytes a second over as many bytes for what reads and writes each value once or few times.
#include <benchmark/benchmark.h>

#include <ctime>
#include <string>
#include <vector>

#include "bench/kernels/kernel_case.h"
#include "bench/kernels/machine_peak.h"
#include "engine/kernels/dispatch.h"

namespace mobileclip::bench {
namespace {

/// CPU time: what else the machine does meanwhile does not count.
double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double peak_of(const KernelCase& kernel) {
  switch (kernel.bound) {
    case Bound::kFloat32:
      return peak_float32();
    case Bound::kBfloat16:
      return peak_bfloat16();
    case Bound::kInt8:
      return peak_int8();
    case Bound::kCopy:
      return peak_copy(kernel.bytes / 2);
  }
  return 0;
}

void measure(benchmark::State& state, const KernelCase& kernel, const kernels::Kernels& table) {
  const auto run = kernel.make(table);
  if (const double error = run->error_over_tolerance(); !(error <= 1)) {
    state.SkipWithError(("wrong: " + std::to_string(error) + " times the error allowed").c_str());
    return;
  }
  const double peak = peak_of(kernel);
  const double begun = thread_seconds();
  for (auto _ : state) run->run();
  const double calls = static_cast<double>(state.iterations()) / (thread_seconds() - begun);
  const bool counts_bytes = kernel.bound == Bound::kCopy;
  if (kernel.operations > 0) state.counters["GFLOP/s"] = calls * kernel.operations * 1e-9;
  if (counts_bytes) state.counters["GB/s"] = calls * static_cast<double>(kernel.bytes) * 1e-9;
  state.counters["peak"] = 100 * calls * (counts_bytes ? static_cast<double>(kernel.bytes) : kernel.operations) / peak;
}

void register_all() {
  for (const auto& cases : {gemm_cases(), affine_cases(), depthwise_cases(), rowwise_cases()}) {
    for (const KernelCase& kernel : cases) {
      for (const kernels::Kernels* table : kernels::available()) {
        benchmark::RegisterBenchmark((std::string(table->isa) + "/" + kernel.name).c_str(),
                                     [kernel, table](benchmark::State& state) { measure(state, kernel, *table); })
            ->Unit(benchmark::kMicrosecond);
      }
    }
  }
}

}  // namespace
}  // namespace mobileclip::bench

int main(int argc, char** argv) {
  using namespace mobileclip::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("peak float32", std::to_string(peak_float32() * 1e-9) + " GFLOP/s a core");
  benchmark::AddCustomContext("peak bfloat16", std::to_string(peak_bfloat16() * 1e-9) + " GFLOP/s a core");
  benchmark::AddCustomContext("peak int8", std::to_string(peak_int8() * 1e-9) + " GOP/s a core");
  register_all();
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

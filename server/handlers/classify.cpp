// Zero-shot classification: POST /classify, and /label-sets to register classes once.
#include "proto_json/classify.h"

#include <algorithm>
#include <numeric>

#include "server/handlers/body_form.h"
#include "server/handlers/cosine.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/image_upload.h"
#include "server/handlers/label_sets.h"
#include "server/handlers/route_groups.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kMaxPrompts = 100'000;  // labels times templates, of one request
constexpr std::size_t kMaxNameLength = 64;

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

/// Sums each label's prompts, each of unit length, as they come.
class PromptSums {
 public:
  PromptSums(const proto::LabelSetRequest& classes, int dimensions)
      : per_label_(classes.templates.size()),
        sums_(classes.labels.size(), std::vector<float>(static_cast<std::size_t>(dimensions), 0.0F)) {}

  void add(std::size_t first, const std::vector<EmbeddedItem>& prompts) {
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const std::size_t label = (first + i) / per_label_;
      std::transform(sums_[label].begin(), sums_[label].end(), prompts[i].embedding.begin(), sums_[label].begin(),
                     std::plus<>());
      if (prompts[i].truncated && (truncated_.empty() || truncated_.back() != label)) truncated_.push_back(label);
    }
  }

  [[nodiscard]] LabelSet finish(proto::LabelSetRequest classes, std::string model) && {
    // The mean's direction is the sum's.
    for (auto& sum : sums_) l2_normalize(sum);
    return {.model = std::move(model),
            .labels = std::move(classes.labels),
            .templates = std::move(classes.templates),
            .embeddings = std::move(sums_),
            .truncated = std::move(truncated_)};
  }

 private:
  std::size_t per_label_;
  std::vector<std::vector<float>> sums_;
  std::vector<std::size_t> truncated_;
};

/// Whatever was wrong with a prompt was wrong with its label.
Response about_labels(const Response& response, std::size_t first, std::size_t per_label) {
  Refusal refusal = *response.refusal;
  refusal.input = refusal.items.empty() ? "" : "labels";
  for (Refusal::Item& item : refusal.items) item.index = (first + item.index) / per_label;
  return error_response(std::move(refusal));
}

asio::awaitable<std::variant<LabelSet, Response>> embed_labels(const HandlerContext& context, const ServedModel& model,
                                                               const Request& request, proto::LabelSetRequest classes) {
  const std::size_t per_label = classes.templates.size();
  if (classes.labels.size() > kMaxPrompts / per_label) {
    co_return error_response(invalid("expected at most " + std::to_string(kMaxPrompts) +
                                     " prompts (labels times templates), found " +
                                     std::to_string(classes.labels.size()) + " times " + std::to_string(per_label)));
  }
  const std::size_t prompts = classes.labels.size() * per_label;
  const std::size_t part = most_items_at_once(context.config);
  PromptSums sums(classes, model.service.info().embed_dim);
  for (std::size_t first = 0; first < prompts; first += part) {
    EmbedCall call{.model = model, .images = {}, .texts = {}};
    for (std::size_t i = first; i < std::min(first + part, prompts); ++i) {
      call.texts.push_back(proto::fill_template(classes.templates[i % per_label], classes.labels[i / per_label]));
    }
    auto outcome = co_await embed(context, request, std::move(call));
    if (const auto* refusal = std::get_if<Response>(&outcome)) co_return about_labels(*refusal, first, per_label);
    sums.add(first, std::get<Embedded>(outcome).texts);
  }
  LabelSet set = std::move(sums).finish(std::move(classes), model.id);
  co_return set;
}

/// A form's parts: files are images, "label" fields labels, "request" is what a JSON body would be.
Result<proto::ClassifyRequest> parse_form(const Request& request, std::string_view boundary) {
  std::optional<std::string_view> json;
  std::vector<std::string> labels;
  std::string label_set;
  std::string model;
  std::vector<Result<ImageBytes>> images;
  const auto read_field = [&](std::string_view name, std::string_view value) -> std::optional<Error> {
    if (name == "label" || name == "labels") {
      labels.emplace_back(value);
    } else if (name == "label_set") {
      label_set = value;
    } else if (name == "model") {
      model = value;
    } else if (name == "request" && !json) {
      json = value;
    } else {
      return invalid("unexpected field \"" + std::string(name.substr(0, kMaxNameLength)) +
                     "\"; expected files, label, label_set, model and at most one request");
    }
    return std::nullopt;
  };
  if (auto error = read_form(request.body, boundary, images, read_field)) return *std::move(error);
  auto parsed = proto::parse_classify(json.value_or("{}"));
  if (!parsed) return parsed;
  std::move(images.begin(), images.end(), std::back_inserter(parsed->images));
  std::move(labels.begin(), labels.end(), std::back_inserter(parsed->classes.labels));
  if (!label_set.empty()) parsed->label_set = std::move(label_set);
  if (!model.empty()) parsed->classes.model = std::move(model);
  return parsed;
}

Response unknown_label_set(std::string_view name) {
  return error_response(HttpError{.status = 404,
                                  .code = "label_set_not_found",
                                  .message = "there is no label set \"" + std::string(name.substr(0, kMaxNameLength)) +
                                             "\"; PUT /label-sets/{name} registers one"});
}

Response other_model(const LabelSet& set) {
  return error_response(invalid("\"model\": the label set is of " + set.model + "; register one for this model"));
}

/// The likeliest labels of each row, the best first; of equals the earlier.
std::vector<std::vector<proto::Prediction>> best_labels(const Vectors& images, const LabelSet& set, float logit_scale,
                                                        std::size_t top_k) {
  const proto::Matrix cosines = cosine_matrix(images, set.embeddings);
  const proto::Matrix probabilities = softmax_rows(cosines, logit_scale);
  const std::size_t kept = std::min(top_k, set.labels.size());
  std::vector<std::size_t> order(set.labels.size());
  std::vector<std::vector<proto::Prediction>> results;
  for (std::size_t image = 0; image < images.size(); ++image) {
    const auto row = cosines.row(image);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
                      [&](std::size_t a, std::size_t b) { return row[a] > row[b] || (row[a] == row[b] && a < b); });
    auto& predictions = results.emplace_back();
    for (const std::size_t label : std::span(order).first(kept)) {
      predictions.push_back({.index = label,
                             .label = set.labels[label],
                             .similarity = row[label],
                             .probability = probabilities.row(image)[label]});
    }
  }
  return results;
}

asio::awaitable<Response> classify(const HandlerContext& context, const Request& request, RequestScope& scope) {
  const auto form = body_form(request.head, {BodyForm::kJson, BodyForm::kMultipart});
  if (const auto* error = std::get_if<HttpError>(&form)) co_return error_response(*error);
  const auto& body_is = std::get<RequestBodyForm>(form);
  auto parse_body = [&]() -> Result<proto::ClassifyRequest> {
    auto parsed =
        body_is.form == BodyForm::kJson ? proto::parse_classify(*request.body) : parse_form(request, body_is.boundary);
    return parsed ? proto::check_classify(std::move(*parsed)) : parsed;
  };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  std::shared_ptr<const LabelSet> set = context.label_sets.find(parsed->label_set);
  if (!parsed->label_set.empty() && !set) co_return unknown_label_set(parsed->label_set);
  if (set && parsed->classes.model.empty()) parsed->classes.model = set->model;
  const auto choice = choose_model(context.models, request, parsed->classes.model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  if (set && set->model != model.id) co_return other_model(*set);
  EmbedCall call{.model = model, .images = std::move(parsed->images), .texts = {}};
  auto outcome = co_await embed(context, request, std::move(call));
  if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);
  if (!set) {
    auto labels = co_await embed_labels(context, model, request, std::move(parsed->classes));
    if (auto* refusal = std::get_if<Response>(&labels)) co_return std::move(*refusal);
    set = std::make_shared<const LabelSet>(std::move(std::get<LabelSet>(labels)));
  }

  Vectors images;
  for (EmbeddedItem& item : std::get<Embedded>(outcome).images) images.push_back(std::move(item.embedding));
  const EngineInfo& info = model.service.info();
  auto serialize = [&]() -> Result<std::string> {
    return proto::classify_reply(
        {.model = info.model,
         .logit_scale = info.logit_scale,
         .results = best_labels(images, *set, info.logit_scale, static_cast<std::size_t>(parsed->top_k)),
         .truncated = set->truncated});
  };
  const std::size_t products = images.size() * set->labels.size();
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, products * sizeof(float) * 64, serialize);
  if (!body) co_return error_response(body.error());
  co_return json_response(std::move(*body));
}

proto::LabelSetSummary summary_of(std::string_view name, const LabelSet& set) {
  return {.name = name,
          .model = set.model,
          .labels = set.labels,
          .templates = set.templates,
          .truncated = set.truncated,
          .bytes = set.bytes()};
}

bool is_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return name.size() <= kMaxNameLength && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

Response label_sets_full(const LabelSets& sets, std::size_t bytes) {
  return error_response(HttpError{.status = 507,
                                  .code = "label_sets_full",
                                  .message = "the label set takes " + std::to_string(bytes) +
                                             " bytes, all together may take " + std::to_string(sets.max_bytes()) +
                                             "; GET /label-sets shows what is there"});
}

asio::awaitable<Response> put_label_set(const HandlerContext& context, const Request& request, RequestScope& scope) {
  const std::string& name = request.path_parameters.front().second;
  if (!is_name(name)) {
    co_return error_response(invalid("a label set's name has at most " + std::to_string(kMaxNameLength) +
                                     " letters, digits, dots, hyphens and underscores"));
  }
  if (const auto error = refuse_unless_json(request.head)) co_return error_response(*error);
  auto parse_body = [&request] { return proto::parse_label_set(*request.body); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  const auto choice = choose_model(context.models, request, parsed->model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  const std::size_t least_bytes =
      parsed->labels.size() * static_cast<std::size_t>(model.service.info().embed_dim) * sizeof(float);
  if (least_bytes > context.label_sets.max_bytes()) co_return label_sets_full(context.label_sets, least_bytes);
  auto embedded = co_await embed_labels(context, model, request, std::move(*parsed));
  if (auto* refusal = std::get_if<Response>(&embedded)) co_return std::move(*refusal);
  auto& set = std::get<LabelSet>(embedded);
  std::string reply = proto::label_set_reply(summary_of(name, set));
  const std::size_t bytes = set.bytes();
  if (context.label_sets.put(name, std::move(set))) co_return json_response(std::move(reply));
  co_return label_sets_full(context.label_sets, bytes);
}

Response list_label_sets(const HandlerContext& context, const Request& /*request*/) {
  const auto sets = context.label_sets.list();
  std::vector<proto::LabelSetSummary> summaries;
  summaries.reserve(sets.size());
  for (const auto& [name, set] : sets) summaries.push_back(summary_of(name, *set));
  return json_response(proto::label_sets_reply(summaries, context.label_sets.max_bytes()));
}

Response get_label_set(const HandlerContext& context, const Request& request) {
  const std::string& name = request.path_parameters.front().second;
  const auto set = context.label_sets.find(name);
  return set ? json_response(proto::label_set_reply(summary_of(name, *set))) : unknown_label_set(name);
}

Response delete_label_set(const HandlerContext& context, const Request& request) {
  const std::string& name = request.path_parameters.front().second;
  if (!context.label_sets.erase(name)) return unknown_label_set(name);
  return {.status = 204, .content_type = {}, .body = {}, .headers = {}};
}

constexpr RouteEntry kRoutes[] = {
    {"POST", "/classify", "images against labels through prompt templates: JSON or a form", classify},
    {"GET", "/label-sets", "the label sets that are registered", list_label_sets},
    {"PUT", "/label-sets/{name}", "registers labels and templates for /classify", put_label_set},
    {"GET", "/label-sets/{name}", "a label set", get_label_set},
    {"DELETE", "/label-sets/{name}", "forgets a label set", delete_label_set},
};

}  // namespace

RouteGroup classify_routes() { return kRoutes; }

}  // namespace mobileclip::server

#include "server/handlers/models.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;

class OneModelTest : public ::testing::Test, protected HandlerFixture {};

/// "fake" embeds images and texts, "second" texts only; its embeddings begin with 100 more.
class TwoModelsTest : public ::testing::Test, protected HandlerFixture {
 protected:
  TwoModelsTest() : HandlerFixture(/*models_served=*/2) { second.first_value_added = 100; }

  static float first_value(const Response& response) {
    EXPECT_EQ(response.status, 200u) << response.body;
    return json_of(response)["embeddings"][0][0];
  }
};

TEST_F(TwoModelsTest, GoByTheirIdTheirNameAndTheirDirectory) {
  EXPECT_EQ(models.find("")->id, "fake");
  for (const char* name : {"second", "second-model", "second-files"}) EXPECT_EQ(models.find(name)->id, "second");
  EXPECT_EQ(models.find("secon"), nullptr);
  EXPECT_EQ(models.ids(), "fake, second");
}

TEST_F(TwoModelsTest, ForeignNamesMayNameOne) {
  EXPECT_EQ(models.find_by_foreign_name("second")->id, "second");
  EXPECT_EQ(models.find_by_foreign_name("second__openai")->id, "second") << "Immich's way of naming";
  EXPECT_EQ(models.find_by_foreign_name("__openai"), nullptr);
  EXPECT_EQ(models.find_by_foreign_name("text-embedding-3-small"), nullptr);
}

TEST_F(OneModelTest, AnswersToAnyForeignName) {
  EXPECT_EQ(models.find_by_foreign_name("text-embedding-3-small"), &models.first());
  EXPECT_EQ(models.find("text-embedding-3-small"), nullptr);
  EXPECT_EQ(post_json("/v1/embeddings", R"({"input": "a", "model": "text-embedding-3-small"})").status, 200u);
}

TEST_F(TwoModelsTest, TheNativeRoutesChooseByBodyOrQuery) {
  EXPECT_EQ(first_value(post_json("/embed/text", R"({"text": "abc"})")), 3);
  EXPECT_EQ(first_value(post_json("/embed/text", R"({"text": "abc", "model": "second"})")), 103);
  EXPECT_EQ(first_value(post_json("/embed/text?model=second", R"({"text": "abc"})")), 103);
  const Response reply = post_json("/embed/text?model=second", R"({"text": "abc", "model": "fake"})");
  EXPECT_EQ(first_value(reply), 3) << "what the body says wins";
  EXPECT_EQ(reply.headers.find("X-Model-Fingerprint"), "fake-weights");
}

TEST_F(TwoModelsTest, AnswersAreOfTheModelThatWasChosen) {
  const Response reply = post_json("/similarity", R"({"texts": ["a", "b"], "model": "second"})");
  EXPECT_EQ(reply.status, 200u) << reply.body;
  EXPECT_EQ(json_of(reply)["model"], "second-model");
  EXPECT_EQ(reply.headers.find("X-Model-Fingerprint"), "second-weights");
  EXPECT_THAT(metrics.render(), HasSubstr("mobileclip_texts_total{model=\"second\"} 2\n"));
  EXPECT_THAT(metrics.render(), HasSubstr("mobileclip_texts_total{model=\"fake\"} 0\n"));
}

TEST_F(TwoModelsTest, EachProtocolSaysWhatThereIsInstead) {
  const Response native = post_json("/embed/text", R"({"text": "a", "model": "other"})");
  EXPECT_EQ(native.status, 404u);
  EXPECT_EQ(error_code_of(native), "model_not_found");
  EXPECT_EQ(message_of(native), "there is no model \"other\" here; served: fake, second");
  const Response openai = post_json("/v1/embeddings", R"({"input": "a", "model": "text-embedding-3-small"})");
  EXPECT_EQ(openai.status, 404u);
  EXPECT_EQ(json_of(openai)["error"]["type"], "invalid_request_error");
  EXPECT_EQ(json_of(openai)["error"]["code"], "model_not_found");
  const Response infer = post_json("/v2/models/other.text/infer", "{}");
  EXPECT_EQ(infer.status, 404u);
  EXPECT_THAT(infer.body, HasSubstr("image text text-tokens second.text second.text-tokens"));
  const std::string immich_form =
      "--b\r\nContent-Disposition: form-data; name=\"entries\"\r\n\r\n{\"clip\": {\"textual\": {\"modelName\": "
      "\"MODEL\"}}}\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nabc\r\n--b--\r\n";
  const auto immich = [&](std::string model) {
    std::string form = immich_form;
    return post("/predict", "multipart/form-data; boundary=b", form.replace(form.find("MODEL"), 5, model));
  };
  EXPECT_EQ(immich("ViT-B-32__openai").status, 404u);
  EXPECT_THAT(immich("ViT-B-32__openai").body, HasSubstr("served: fake, second"));
  EXPECT_EQ(json_of(immich("second__openai"))["clip"], "[103,1,0,0]");
}

TEST_F(TwoModelsTest, TextOnlyModelsRefuseImagesInEachProtocolsWords) {
  const std::string image = R"("eHh4")";
  for (const auto& [path, body] : std::vector<std::pair<std::string, std::string>>{
           {"/embed/image", R"({"model": "second", "image": )" + image + "}"},
           {"/similarity", R"({"model": "second", "texts": ["a"], "images": [)" + image + "]}"},
           {"/classify", R"({"model": "second", "labels": ["a"], "image": )" + image + "}"},
           {"/v1/embeddings", R"({"model": "second", "input": [{"image": )" + image + "}]}"}}) {
    const Response response = post_json(path, body);
    EXPECT_EQ(response.status, 422u) << path << response.body;
    EXPECT_EQ(json_of(response)["error"]["message"], "texts only") << path;
  }
  EXPECT_EQ(get("/v2/models/second.image").status, 404u) << "there is no such tower";
}

TEST_F(TwoModelsTest, TheOpenInferenceProtocolNamesModelAndTower) {
  const std::string text = R"({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1], "data": ["abc"]}]})";
  const auto named = json_of(post_json("/v2/models/second.text/infer", text));
  EXPECT_EQ(named["model_name"], "second.text");
  EXPECT_EQ(named["outputs"][0]["data"][0], 103);
  EXPECT_EQ(json_of(post_json("/v2/models/text/infer", text))["outputs"][0]["data"][0], 3);
  EXPECT_EQ(json_of(post_json("/v2/models/fake.text/infer", text))["outputs"][0]["data"][0], 3);
  EXPECT_EQ(json_of(get("/v2/models/second.text-tokens"))["parameters"]["fingerprint"], "second-weights");
  for (const char* name : {"second", ".text", "second.", "text.second"}) {
    EXPECT_EQ(get(std::string("/v2/models/") + name).status, 404u) << name;
  }
}

TEST_F(TwoModelsTest, AreListed) {
  const auto listed = json_of(get("/v1/models"))["data"];
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0]["id"], "fake");
  EXPECT_EQ(listed[1]["id"], "second");
  EXPECT_EQ(json_of(get("/v1/models/second-files"))["id"], "second");
  const auto info = json_of(get("/info"));
  EXPECT_EQ(info["model"], "fake-model") << "the first";
  EXPECT_EQ(info["models"][1]["id"], "second");
  EXPECT_EQ(info["models"][1]["images"], false);
}

TEST_F(TwoModelsTest, AreHealthyTogether) {
  EXPECT_EQ(json_of(get("/health"))["queue_depth"]["text"], 10) << "five each";
  second.is_healthy = false;
  EXPECT_EQ(get("/health/ready").status, 503u);
}

TEST_F(TwoModelsTest, ALabelSetIsOfTheModelThatEmbeddedIt) {
  second.images_refusal.reset();  // so that it could classify, if only the set were its own
  Request put{.head = {.method = "PUT", .target = "/label-sets/mine", .headers = {}},
              .body = std::make_shared<const std::string>(R"({"labels": ["a", "b"], "model": "second"})")};
  const auto set = json_of(call(std::move(put)));
  EXPECT_EQ(set["model"], "second");
  EXPECT_EQ(json_of(get("/label-sets"))["label_sets"][0]["model"], "second");
  const auto reply = json_of(post_json("/classify", R"({"image": "eHh4", "label_set": "mine"})"));
  EXPECT_EQ(reply["model"], "second-model") << reply;
  const Response other = post_json("/classify", R"({"image": "eHh4", "label_set": "mine", "model": "fake"})");
  EXPECT_EQ(other.status, 400u);
  EXPECT_THAT(message_of(other), HasSubstr("the label set is of second"));
}

}  // namespace
}  // namespace mobileclip::server

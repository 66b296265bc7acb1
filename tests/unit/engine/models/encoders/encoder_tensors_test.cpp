#include "engine/models/encoders/encoder_tensors.h"

#include <gtest/gtest.h>

namespace mobileclip {
namespace {

TEST(BareEncoderName, LosesThePrefixOfWhoeverSavedIt) {
  for (const char* prefix : {"", "bert.", "roberta.", "distilbert.", "mpnet.", "deberta.", "mobilebert.", "model."}) {
    EXPECT_EQ(bare_encoder_name(std::string(prefix) + "encoder.layer.0.output.dense.weight"),
              "encoder.layer.0.output.dense.weight");
  }
}

TEST(BareEncoderName, TakesOldNamesOfNormsAndOnlyOfThem) {
  EXPECT_EQ(bare_encoder_name("bert.embeddings.LayerNorm.gamma"), "embeddings.LayerNorm.weight");
  EXPECT_EQ(bare_encoder_name("encoder.layer.1.output.LayerNorm.beta"), "encoder.layer.1.output.LayerNorm.bias");
  EXPECT_EQ(bare_encoder_name("encoder.layer.1.gamma"), "encoder.layer.1.gamma");
}

TEST(BareEncoderName, LeavesHeadsAndPoolersOut) {
  for (const char* name : {"bert.pooler.dense.weight", "cls.predictions.bias", "classifier.out_proj.weight",
                           "lm_head.dense.weight", "vocab_projector.bias", "qa_outputs.weight", "head.norm.weight",
                           "decoder.bias", "bert.embeddings.position_ids", "mask_predictions.dense.weight"}) {
    EXPECT_EQ(bare_encoder_name(name), std::nullopt) << name;
  }
  EXPECT_EQ(bare_encoder_name("bert.surprise.weight"), "surprise.weight") << "not known, so to be complained of";
}

}  // namespace
}  // namespace mobileclip

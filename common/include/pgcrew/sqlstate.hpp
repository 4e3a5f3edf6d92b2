// The five-character codes that name a kind of error.
#pragma once
#include <string>
#include <string_view>

namespace pgcrew {

// A SQLSTATE in the server's packed form: six bits a character, first character lowest.
class SqlState {
  public:
    constexpr explicit SqlState(int packed) noexcept : packed_(packed) {}
    constexpr explicit SqlState(const char (&text)[6]) noexcept : packed_(pack(text)) {}
    // Of five letters and digits; nothing else has a meaning.
    static constexpr SqlState of(std::string_view five) noexcept {
        return SqlState(five.size() == 5 ? pack(five.data()) : pack("XX000"));
    }
    constexpr int packed() const noexcept { return packed_; }
    std::string text() const;
    friend constexpr bool operator==(SqlState, SqlState) noexcept = default;

  private:
    static constexpr int pack(const char *text) noexcept {
        int packed = 0;
        for (int i = 0; i < 5; ++i)
            packed += ((text[i] - '0') & 0x3F) << (6 * i);
        return packed;
    }
    int packed_;
};

namespace sqlstate {
inline constexpr SqlState protocol_violation{"08P01"};
inline constexpr SqlState feature_not_supported{"0A000"};
inline constexpr SqlState numeric_value_out_of_range{"22003"};
inline constexpr SqlState null_value_not_allowed{"22004"};
inline constexpr SqlState character_not_in_repertoire{"22021"};
inline constexpr SqlState invalid_parameter_value{"22023"};
inline constexpr SqlState invalid_text_representation{"22P02"};
inline constexpr SqlState active_sql_transaction{"25001"};
inline constexpr SqlState serialization_failure{"40001"};
inline constexpr SqlState insufficient_privilege{"42501"};
inline constexpr SqlState syntax_error{"42601"};
inline constexpr SqlState undefined_object{"42704"};
inline constexpr SqlState undefined_function{"42883"};
inline constexpr SqlState wrong_object_type{"42809"};
inline constexpr SqlState invalid_function_definition{"42P13"};
inline constexpr SqlState duplicate_object{"42710"};
inline constexpr SqlState datatype_mismatch{"42804"};
inline constexpr SqlState insufficient_resources{"53000"};
inline constexpr SqlState out_of_memory{"53200"};
inline constexpr SqlState configuration_limit_exceeded{"53400"};
inline constexpr SqlState program_limit_exceeded{"54000"};
inline constexpr SqlState statement_too_complex{"54001"};
inline constexpr SqlState object_not_in_prerequisite_state{"55000"};
inline constexpr SqlState object_in_use{"55006"};
inline constexpr SqlState query_canceled{"57014"};
inline constexpr SqlState internal_error{"XX000"};
} // namespace sqlstate
} // namespace pgcrew
